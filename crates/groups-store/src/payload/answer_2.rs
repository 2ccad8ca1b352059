//! Format 2 of answers: those that format 1 cannot represent. It is used only if needed, so that
//! servers of the previous version can read all other answers.

use groups_domain::{LeftOut, Obstacle};

use groups_domain::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer_1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// An answer of format 1 to a list from which some people were left out.
    Partly {
        answer: answer_1::Answer,
        left_out: Vec<Person>,
    },
    CannotBeAdded {
        user_id: Uuid,
    },
    TooManyGroups {
        user_id: Uuid,
        groups_max: u32,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Person {
    user_id: Uuid,
    obstacle: Reason,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    NotAllowed,
    TooManyGroups,
}

impl From<&LeftOut> for Person {
    fn from(left_out: &LeftOut) -> Self {
        let obstacle = match left_out.obstacle {
            Obstacle::NotAllowed => Reason::NotAllowed,
            Obstacle::TooManyGroups => Reason::TooManyGroups,
            // Format 3 has it.
            Obstacle::Banned => Reason::NotAllowed,
        };
        Self { user_id: left_out.user_id.uuid(), obstacle }
    }
}

impl From<Person> for LeftOut {
    fn from(person: Person) -> Self {
        let obstacle = match person.obstacle {
            Reason::NotAllowed => Obstacle::NotAllowed,
            Reason::TooManyGroups => Obstacle::TooManyGroups,
        };
        Self { user_id: UserId::new(person.user_id), obstacle }
    }
}
