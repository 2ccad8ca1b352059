//! A user who calls the API: the requests that most tests need.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Dial, Http, SECRET, Socket, claims, http::Call, new_id, signed};

/// A user with a token.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(super) http: Arc<Http>,
}

impl User {
    /// Creates a user with a token for one hour, at a server in this process.
    pub(crate) fn new(http: &Arc<Http>) -> Self {
        let id = new_id();
        let token = signed(SECRET, &claims(&id));
        Self { id, token, http: Arc::clone(http) }
    }

    /// The same user at another server or a load balancer.
    pub(crate) fn at(&self, http: &Arc<Http>) -> Self {
        Self { http: Arc::clone(http), ..self.clone() }
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.http.call(method, path).bearer(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path).json(&body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path).json(&body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path).json(&body).send().await
    }

    /// Posts without a body.
    pub(crate) async fn posts(&self, path: &str) -> Answer {
        self.call("POST", path).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path).send().await
    }

    /// Creates a group with these users as members. Returns its id.
    pub(crate) async fn creates(&self, name: &str, members: &[&User]) -> String {
        let members: Vec<_> = members.iter().map(|user| json!({"user_id": user.id})).collect();
        let group = self.post("/v1/groups", json!({"name": name, "members": members})).await.group(201);
        group["group_id"].as_str().expect("an id").to_owned()
    }

    /// Creates a group with these users and roles. Returns its id.
    pub(crate) async fn creates_with(&self, name: &str, members: &[(&User, &str)]) -> String {
        let members: Vec<_> = members.iter().map(|(user, role)| json!({"user_id": user.id, "role": role})).collect();
        let group = self.post("/v1/groups", json!({"name": name, "members": members})).await.group(201);
        group["group_id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn adds(&self, group: &str, user: &User) -> Answer {
        self.post(&format!("/v1/groups/{group}/members"), json!({"user_id": user.id})).await
    }

    pub(crate) async fn adds_as(&self, group: &str, user: &User, role: &str) -> Answer {
        self.post(&format!("/v1/groups/{group}/members"), json!({"user_id": user.id, "role": role})).await
    }

    pub(crate) async fn adds_all(&self, group: &str, users: &[&str]) -> Answer {
        let members: Vec<_> = users.iter().map(|id| json!({"user_id": id})).collect();
        self.post(&format!("/v1/groups/{group}/members"), json!({"members": members})).await
    }

    pub(crate) async fn removes(&self, group: &str, user: &User) -> Answer {
        self.delete(&format!("/v1/groups/{group}/members/{}", user.id)).await
    }

    pub(crate) async fn leaves(&self, group: &str) -> Answer {
        self.delete(&format!("/v1/groups/{group}/members/me")).await
    }

    pub(crate) async fn leaves_to(&self, group: &str, successor: &User) -> Answer {
        self.delete(&format!("/v1/groups/{group}/members/me?successor={}", successor.id)).await
    }

    pub(crate) async fn makes(&self, group: &str, user: &User, role: &str) -> Answer {
        self.patch(&format!("/v1/groups/{group}/members/{}", user.id), json!({"role": role})).await
    }

    pub(crate) async fn renames(&self, group: &str, name: &str) -> Answer {
        self.patch(&format!("/v1/groups/{group}"), json!({"name": name})).await
    }

    pub(crate) async fn deletes(&self, group: &str) -> Answer {
        self.delete(&format!("/v1/groups/{group}")).await
    }

    /// The group as this member sees it.
    pub(crate) async fn sees(&self, group: &str) -> Value {
        self.get(&format!("/v1/groups/{group}")).await.group(200)
    }

    /// The whole list, read page by page.
    pub(crate) async fn lists(&self) -> Vec<Value> {
        self.pages("/v1/groups?limit=500", "groups").await
    }

    /// All members, read page by page.
    pub(crate) async fn lists_members(&self, group: &str) -> Vec<Value> {
        self.pages(&format!("/v1/groups/{group}/members?limit=500"), "members").await
    }

    /// Follows `next` to the end. The path must already have a query.
    pub(crate) async fn pages(&self, path: &str, field: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next).await.ok(200);
            all.extend(page[field].as_array().expect("a page").iter().cloned());
            assert!(all.len() <= 1_000_000, "the pages end");
            match &page["next"] {
                Value::String(after) => next = format!("{path}&after={}", escaped(after)),
                Value::Null => return all,
                // A cursor must be opaque: a number would also work for a client that only returns
                // it.
                other => next = format!("{path}&after={other}"),
            }
        }
    }

    /// An upgrade request of this user, authenticated by the header.
    pub(crate) fn dial(&self) -> Dial {
        Dial::to(self.http.address()).bearer(&self.token)
    }

    /// Connects without a cursor and reads up to and including `ready`.
    pub(crate) async fn connects(&self) -> Socket {
        self.dial().ready().await
    }

    /// Connects with this cursor and reads up to and including `ready`.
    pub(crate) async fn resumes(&self, cursor: &str) -> Socket {
        self.dial().cursor(cursor).ready().await
    }
}

/// Escapes a value for a query.
pub(crate) fn escaped(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
