//! Commands from within the process: `cargo run -p server --example background_job`.
//!
//! Every person who exists in the application belongs to the group "Everybody". Members who are connected see at once what the job does.

use std::process::ExitCode;
use std::time::Duration;

use groups_domain::{Actor, Command, NewMember, UserId, Uuid};
use server::{Groups, Outcome, Settings, StopSignals};

/// The user in whose name the job acts. As an operator it needs no membership.
const JOB: Actor = Actor::Operator(UserId::new(Uuid::from_u128(7)));

async fn add_newcomers(groups: Groups) -> Result<(), Box<dyn std::error::Error>> {
    let everybody = groups.new_group_id();
    let owner = UserId::new(Uuid::from_u128(1));
    groups.execute(JOB, everybody, Command::create_for(owner, "Everybody", "")?).await?;
    for newcomer in 2..100 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let members = vec![NewMember::plain(UserId::new(Uuid::from_u128(newcomer)))];
        // Adding people again is a no-op, so the job can repeat its list after a restart.
        let executed = groups.execute(JOB, everybody, Command::AddMembers(members)).await?;
        match executed.outcome {
            Outcome::MembersAdded { added, .. } => {
                println!("{} joined: {} members", added.len(), executed.group.member_count);
            }
            Outcome::NobodyAdded { left_out } => println!("nobody joined, {} cannot be added", left_out.len()),
            other => return Err(format!("unexpected outcome: {other:?}").into()),
        }
    }
    Ok(())
}

#[actix_web::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("background_job: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings { database_url: "sqlite://background_job.db".to_owned(), ..Settings::default() };
    let listener = server::listen(&settings)?;
    let running = server::start(settings, listener).await?;
    for address in running.addresses() {
        println!("listening on {address}");
    }
    let groups = running.groups().clone();
    actix_web::rt::spawn(async move {
        if let Err(error) = add_newcomers(groups).await {
            // At shutdown, the reason is that the database is closed.
            eprintln!("the job has ended: {error}");
        }
    });
    running.until(StopSignals::listen()?.first).await?;
    Ok(())
}
