//! Creates the groups of a run.

use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use crate::api::{GroupNow, NewGroup};
use crate::failure::Failure;
use crate::person::Person;
use crate::target::Target;

/// Number of groups that are created at the same time, each over its own connection.
pub(super) const CREATING_MAX: usize = 16;

/// Creates groups of one owner. The result has the order of the input.
pub(super) async fn create_groups(
    target: &Target,
    owner: &Person,
    groups: impl Iterator<Item = NewGroup>,
) -> Result<Vec<GroupNow>, Failure> {
    let created = groups.map(|group| async move { target.unmeasured(owner)?.create_group(&group).await });
    stream::iter(created).buffered(CREATING_MAX).try_collect().await
}

/// Divides users into teams of `size`, and gives each team `groups` groups of its own.
pub(super) fn teams(users: &[Person], size: usize, groups: usize) -> impl Iterator<Item = Vec<Uuid>> + '_ {
    let ids = |team: &[Person]| team.iter().map(|user| user.id).collect::<Vec<_>>();
    users.chunks(size.max(1)).flat_map(move |team| std::iter::repeat_n(ids(team), groups))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_of_a_team_is_in_all_of_its_groups() {
        let user = |number| Person { id: Uuid::from_u128(number), token: String::new() };
        let users: Vec<Person> = (0..5).map(user).collect();
        let sizes: Vec<usize> = teams(&users, 2, 3).map(|group| group.len()).collect();
        assert_eq!(sizes, [2, 2, 2, 2, 2, 2, 1, 1, 1]);
        let in_groups = teams(&users, 2, 3).filter(|group| group.contains(&users[3].id)).count();
        assert_eq!(in_groups, 3);
    }
}
