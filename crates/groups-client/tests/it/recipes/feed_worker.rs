//! A worker that follows the change feed.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use groups_client::{ChangeAction, Client, LogChange};

#[derive(QueryableByName)]
struct Position {
    #[diesel(sql_type = Text)]
    cursor: String,
}

/// Runs until it fails. Start it again then: it continues where it was.
pub(crate) async fn work(client: &Client, db: &mut SqliteConnection) -> Result<(), Box<dyn std::error::Error>> {
    let saved = sql_query("SELECT cursor FROM position").get_result::<Position>(db).optional()?;
    let mut feed = client.admin().feed(saved.map(|position| position.cursor));
    loop {
        let change = feed.next().await?;
        db.immediate_transaction(|db| {
            let id = format!("{}.{}", change.group_id, change.change.version);
            let new = sql_query("INSERT OR IGNORE INTO handled VALUES (?)").bind::<Text, _>(id).execute(db)?;
            if new == 1 {
                react(db, &change)?;
            }
            let save = sql_query("INSERT OR REPLACE INTO position VALUES (1, ?)");
            save.bind::<Text, _>(&change.cursor).execute(db)
        })?;
    }
}

/// What the change means to you: here, a mail to each user who was added.
fn react(db: &mut SqliteConnection, change: &LogChange) -> QueryResult<()> {
    if let Some(ChangeAction::MemberAdded(member)) = &change.change.action {
        let mail = sql_query("INSERT INTO mails (user_id, group_id) VALUES (?, ?)");
        let mail = mail.bind::<Text, _>(member.user_id.to_string());
        mail.bind::<Text, _>(change.group_id.to_string()).execute(db)?;
    }
    Ok(())
}
