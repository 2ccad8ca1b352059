//! Ids, versions, roles and texts as text, and back.

use groups_domain::{Description, GroupId, GroupName, ParseIdError, Role, TextError, UserId, Uuid, Version};

use crate::cast::{ADA, TEAM};

#[test]
fn what_is_displayed_can_be_parsed() {
    assert_eq!(ADA.to_string().parse(), Ok(ADA));
    assert_eq!(GroupId::try_from(TEAM.to_string().as_str()), Ok(TEAM));
    assert_eq!(Version::new(u64::MAX).to_string().parse(), Ok(Version::new(u64::MAX)));
    for role in Role::ALL {
        assert_eq!(Role::try_from(role.as_ref()), Ok(role));
    }
    let name: GroupName = " Project Team ".parse().unwrap();
    assert_eq!(GroupName::try_from(name.as_ref()), Ok(name));
}

#[test]
fn numbers_and_uuids_convert_both_ways() {
    assert_eq!(Uuid::from(UserId::from(ADA.uuid())), ADA.uuid());
    assert_eq!(u64::from(Version::from(7)), 7);
}

#[test]
fn what_is_not_one_is_an_error() {
    assert_eq!("ada".parse::<UserId>(), Err(ParseIdError));
    assert!("-1".parse::<Version>().is_err());
    assert!(Role::try_from("Owner").is_err());
    assert_eq!(GroupName::try_from(" "), Err(TextError::Empty));
    assert!(matches!("a\nb".parse::<Description>(), Err(TextError::ControlCharacter { .. })));
}
