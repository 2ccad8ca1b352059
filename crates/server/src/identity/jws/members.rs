//! A JSON object whose names must be unique. `serde_json` would keep the last of several.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The members of a JSON object.
pub(super) enum Members {
    /// Every name occurs once.
    Unique(Map<String, Value>),
    /// A name occurs again.
    Repeated,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let (mut members, mut repeated) = (Map::new(), false);
                while let Some(name) = map.next_key::<String>()? {
                    if members.contains_key(&name) {
                        repeated = true;
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        members.insert(name, map.next_value()?);
                    }
                }
                Ok(if repeated { Members::Repeated } else { Members::Unique(members) })
            }
        }

        deserializer.deserialize_map(Object)
    }
}
