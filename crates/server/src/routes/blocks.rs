//! `/v1/me/blocks`: the users who cannot add the caller to groups.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_domain::UserId;
use groups_protocol::{BlockBody, BlockPage};
use groups_store::{BLOCKS_MAX, Block, Blocked};

use crate::groups::Groups;
use crate::identity::Caller;
use crate::input::{self, Paging, Reading};
use crate::limiter::Work;
use crate::{Code, Problem, clock};

fn body(block: Block) -> BlockBody {
    BlockBody { user_id: block.user_id, blocked_at: block.at.to_string() }
}

pub(super) async fn list(
    groups: web::Data<Groups>,
    reading: Reading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let paging = Paging::of(&request)?;
    let after = paging.after.as_deref().map(|after| input::uuid(after).map(UserId::new).ok_or_else(Paging::not_ours));
    let page = groups.store().blocks(reading.caller.user_id, after.transpose()?, paging.limit).await?;
    let blocks = page.blocks.into_iter().map(body).collect();
    Ok(reading.answer(HttpResponse::Ok().json(BlockPage { blocks, next: page.next.map(|next| next.to_string()) })))
}

pub(super) async fn put(
    groups: web::Data<Groups>,
    caller: Caller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    groups.limiter().charge(caller.user_id, Work::Change, 1.0)?;
    let blocked = blocked(&path, &caller)?;
    match groups.store().block(caller.user_id, blocked, clock::now()).await? {
        Blocked::Done => Ok(HttpResponse::NoContent().finish()),
        Blocked::TooMany => {
            let detail =
                format!("You have blocked {BLOCKS_MAX} people, the most for one person. Unblock somebody first.");
            Err(Problem::new(Code::TooManyBlocks, detail))
        }
    }
}

pub(super) async fn remove(
    groups: web::Data<Groups>,
    caller: Caller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    groups.limiter().charge(caller.user_id, Work::Change, 1.0)?;
    groups.store().unblock(caller.user_id, blocked(&path, &caller)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Parses the user in the path. Existence is not checked, and so not revealed.
fn blocked(path: &str, caller: &Caller) -> Result<UserId, Problem> {
    let user_id = input::user_id(path, "The user id in the path")?;
    if user_id == caller.user_id {
        return Err(Problem::malformed("You cannot block yourself."));
    }
    Ok(user_id)
}
