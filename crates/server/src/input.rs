//! What comes in with a request, made into what the rooms below understand.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest};
use groups_domain::{Command, GroupId, NewMember, Rejection, Request, Role, UserId, Version};
use groups_store::{ExecuteError, Executed, Idempotency, Order};
use ring::digest;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use crate::groups::Groups;
use crate::identity::Caller;
use crate::{Code, Problem, edge};

/// The largest body of a request in bytes: room for 1,000 members several times over. A larger one is answered with 413.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;

/// The most members that one request may name. More are answered with 422.
pub(crate) const MEMBERS_PER_REQUEST_MAX: usize = 1_000;

/// A UUID in its hyphenated form, and no other.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    (text.len() == uuid::fmt::Hyphenated::LENGTH).then(|| Uuid::try_parse(text).ok())?
}

/// The group of a path.
pub(crate) fn group_id(text: &str) -> Result<GroupId, Problem> {
    uuid(text).map(GroupId::new).ok_or_else(|| Problem::malformed("the group id in the path is not a UUID"))
}

/// The member of a path, where `me` is the caller.
pub(crate) fn member_id(text: &str, caller: UserId) -> Result<UserId, Problem> {
    if text == "me" {
        return Ok(caller);
    }
    uuid(text).map(UserId::new).ok_or_else(|| Problem::malformed("the user id in the path is neither 'me' nor a UUID"))
}

/// A user of a body or a query.
pub(crate) fn user_id(text: &str, field: &str) -> Result<UserId, Problem> {
    uuid(text).map(UserId::new).ok_or_else(|| Problem::malformed(format!("{field} is not a UUID")))
}

/// A role by its name.
pub(crate) fn role(name: &str) -> Result<Role, Problem> {
    name.parse().map_err(|error| Problem::new(Code::InvalidRole, format!("{error}")))
}

/// Somebody to be added, as a body tells it.
#[derive(Deserialize)]
pub(crate) struct MemberInput {
    user_id: String,
    role: Option<String>,
}

impl MemberInput {
    pub(crate) fn new(user_id: String, role: Option<String>) -> Self {
        Self { user_id, role }
    }

    pub(crate) fn parse(&self) -> Result<NewMember, Problem> {
        let role = self.role.as_deref().map_or(Ok(Role::Member), role)?;
        Ok(NewMember { user_id: user_id(&self.user_id, "user_id")?, role })
    }

    pub(crate) fn parse_all(members: &[Object<Self>]) -> Result<Vec<NewMember>, Problem> {
        if members.len() > MEMBERS_PER_REQUEST_MAX {
            let detail = format!("{} members in one request, {MEMBERS_PER_REQUEST_MAX} are allowed", members.len());
            return Err(Problem::new(Code::TooManyMembers, detail));
        }
        members.iter().map(|Object(member)| member.parse()).collect()
    }
}

/// Which page of a list.
pub(crate) struct Paging {
    pub(crate) limit: u32,
    pub(crate) after: Option<String>,
}

impl Paging {
    const LIMIT: u32 = 100;
    /// A higher limit is taken for this one.
    const LIMIT_MAX: u32 = 500;

    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Fields {
            limit: Option<String>,
            after: Option<String>,
        }
        let fields: Fields = query(request)?;
        let limit = match fields.limit.as_deref() {
            None | Some("") => Self::LIMIT,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().unwrap_or(u32::MAX).min(Self::LIMIT_MAX)
            }
            Some(_) => 0,
        };
        if limit == 0 {
            return Err(Problem::malformed("limit is not a number from 1"));
        }
        Ok(Self { limit, after: fields.after.filter(|after| !after.is_empty()) })
    }

    pub(crate) fn not_ours() -> Problem {
        Problem::malformed("after is not a 'next' of this list")
    }
}

/// The query of a URL.
pub(crate) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let query = web::Query::<T>::from_query(request.query_string());
    query.map(web::Query::into_inner).map_err(|_| Problem::malformed("the query cannot be read"))
}

/// A body of JSON, an object. What the `Content-Type` says of it does not matter.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde's own words name the field and the place, and nothing of ours.
    let parsed: Result<Object<T>, _> = serde_json::from_slice(body);
    parsed.map(|Object(fields)| fields).map_err(|error| Problem::malformed(format!("the body: {error}")))
}

/// A JSON object with the fields of `T`: derived structs alone would also take an array of their fields.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

pub(crate) async fn read_body(payload: web::Payload) -> Result<Bytes, Problem> {
    match payload.to_bytes_limited(BODY_BYTES_MAX).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Problem::malformed("the body ended early")),
        Err(_) => Err(Problem::new(Code::PayloadTooLarge, format!("a body has at most {BODY_BYTES_MAX} bytes"))),
    }
}

/// A request that changes something: who, on which version, under which idempotency key, with which body.
pub(crate) struct Changing {
    pub(crate) caller: Caller,
    body: Bytes,
    expected: Option<Expected>,
    idempotency: Option<Idempotency>,
}

impl Changing {
    /// The body, as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json(&self.body)
    }

    /// Has the command carried out.
    pub(crate) async fn execute(
        self,
        groups: &Groups,
        group_id: GroupId,
        command: Command,
    ) -> Result<Executed, Problem> {
        let (actor_id, at) = (self.caller.user_id, edge::now());
        let mut expected_version = self.expected.as_ref().map(|expected| expected.0[0]);
        loop {
            let request = Request { group_id, actor_id, at, expected_version, command: command.clone() };
            match groups.store().execute(Order { request, idempotency: self.idempotency.clone() }).await {
                // Of several tags, the one that is current decides. Versions only grow, so this ends.
                Err(ExecuteError::Rejected(Rejection::VersionMismatch { expected, current }))
                    if current > expected && self.expected.as_ref().is_some_and(|tags| tags.0.contains(&current)) =>
                {
                    expected_version = Some(current);
                }
                executed => return Ok(executed?),
            }
        }
    }
}

impl FromRequest for Changing {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = web::Payload::from_request(&request, payload);
        Box::pin(async move {
            let caller = Caller::extract(&request).await?;
            Groups::of(&request)?.limiter().check(caller.user_id)?;
            let expected = Expected::of(request.headers())?;
            let payload = payload.await.map_err(|_| Problem::malformed("the body cannot be read"))?;
            let body = read_body(payload).await?;
            let idempotency = idempotency(&request, &body)?;
            Ok(Self { caller, body, expected, idempotency })
        })
    }
}

/// The versions that `If-Match` insists on (RFC 9110 section 13.1.1), lowest first, at least one.
struct Expected(Vec<Version>);

impl Expected {
    /// `None` where the header is absent or `*`.
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut versions = Vec::new();
        for line in headers.get_all(header::IF_MATCH) {
            let line = line.to_str().unwrap_or("?");
            if line.trim() == "*" {
                return Ok(None);
            }
            for tag in line.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
                versions.push(Self::version(tag).ok_or_else(|| {
                    Problem::malformed("If-Match is neither '*' nor a list of entity tags such as \"7\"")
                })?);
            }
        }
        versions.sort_unstable();
        Ok((!versions.is_empty()).then_some(Self(versions)))
    }

    /// A weak tag, or one that is no version, is none of ours: it matches nothing, which version 0 never is.
    fn version(tag: &str) -> Option<Version> {
        let (is_weak, tag) = tag.strip_prefix("W/").map_or((false, tag), |tag| (true, tag));
        let opaque = tag.strip_prefix('"')?.strip_suffix('"').filter(|opaque| !opaque.contains('"'))?;
        Some(Version::new(if is_weak { 0 } else { opaque.parse().unwrap_or(0) }))
    }
}

fn idempotency(request: &HttpRequest, body: &[u8]) -> Result<Option<Idempotency>, Problem> {
    const KEY_CHARS_MAX: usize = 255;
    let Some(key) = request.headers().get("Idempotency-Key") else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > KEY_CHARS_MAX {
        return Err(Problem::malformed(format!(
            "an Idempotency-Key has 1 to {KEY_CHARS_MAX} visible ASCII characters"
        )));
    }
    let mut fingerprint = digest::Context::new(&digest::SHA256);
    for part in [request.method().as_str().as_bytes(), request.uri().to_string().as_bytes(), body] {
        fingerprint.update(&(part.len() as u64).to_be_bytes());
        fingerprint.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(fingerprint.finish().as_ref());
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint: hash }))
}
