//! A change of every kind and form.

use groups_domain::JoinPolicy::{Closed, Open, Request};
use groups_domain::Role::{Admin, Member};

use super::cast::{
    BEA, IDA, LINK, RAY, accept, approve, approve_as, ask, ban, decline, invite, invite_for_an_hour, join, link,
    link_for, revoke, set, take_back, turn_down, unban, use_link, visited, withdraw,
};
use crate::cast::{BOB, By, DAN, FAY, GUS, Given, by, by_operator, delete, team};
use groups_domain::{Command, LinkId, Uuid};

pub(crate) fn every_way_in() -> Vec<(Given, By)> {
    let new_link = LinkId::new(Uuid::from_u128(0x99));
    vec![
        (team(), by(BOB, set(Request))),
        (team(), by(BOB, invite(FAY, Member))),
        (team(), by(BOB, invite_for_an_hour(FAY))),
        (visited(Closed), by(BOB, withdraw(IDA))),
        (visited(Closed), by(IDA, decline())),
        (visited(Closed), by(IDA, accept())),
        (visited(Open), by(FAY, join())),
        (visited(Request), by(FAY, ask("It is me"))),
        (visited(Request), by(RAY, take_back())),
        (visited(Request), by(BOB, turn_down(RAY))),
        (visited(Request), by(BOB, approve(RAY))),
        (visited(Request), by_operator(approve_as(RAY, Admin))),
        (visited(Closed), by(BOB, ban(GUS))),
        (visited(Closed), by(BOB, ban(DAN))),
        (visited(Closed), by(BOB, ban(IDA))),
        (visited(Closed), by(BOB, ban(RAY))),
        (visited(Closed), by(BOB, unban(BEA))),
        (visited(Closed), by(BOB, link(new_link, Member))),
        (visited(Closed), by(BOB, link_for(new_link, 10))),
        (visited(Closed), by(FAY, use_link(LINK))),
        (visited(Closed), by(BOB, revoke(LINK))),
        (visited(Closed), by_operator(Command::RevokeLinks)),
        (visited(Closed), by_operator(delete())),
    ]
}
