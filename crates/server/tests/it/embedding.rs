//! The service inside an application: custom identity, path prefix, sinks, and in-process commands.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::HttpRequest;
use async_trait::async_trait;
use groups_domain::{Actor, Command, GroupName, NewMember, Request, Timestamp, UserId};
use serde_json::{Value, json};
use server::{Code, Delivery, EventSink, Groups, Identity, Principal, Problem, Settings, SinkError};
use tokio::sync::mpsc;

use crate::support::{Application, Dial, SECRET, User, new_id, within};

fn settings(directory: &Path) -> Settings {
    Settings {
        database_url: format!("sqlite://{}", directory.join("groups.db").display()),
        jwt_secret: Some(SECRET.into()),
        rate_limit: 0,
        ..Settings::default()
    }
}

/// Trusts a cookie.
struct Cookies;

#[async_trait(?Send)]
impl Identity for Cookies {
    async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem> {
        let cookie = request.headers().get("cookie").and_then(|cookie| cookie.to_str().ok()?.strip_prefix("user="));
        let cookie = cookie.and_then(|user_id| user_id.parse().ok());
        let user_id = cookie.ok_or_else(|| Problem::new(Code::Unauthenticated, "Nobody is signed in."))?;
        Ok(Principal::new(UserId::new(user_id), Timestamp::TEXT_MAX).named("Ada", Timestamp::from_unix_millis(1)))
    }
}

/// One user, whose authentication expires when the application says so.
struct OneUser {
    user_id: UserId,
    expires_at_ms: AtomicI64,
}

#[async_trait(?Send)]
impl Identity for OneUser {
    async fn identify(&self, _: &HttpRequest) -> Result<Principal, Problem> {
        let expires_at = Timestamp::from_unix_millis(self.expires_at_ms.load(Ordering::SeqCst));
        Ok(Principal::new(self.user_id, expires_at))
    }
}

/// Forwards the name of the changed group, or fails.
struct Names {
    names: mpsc::UnboundedSender<String>,
    panics: bool,
}

#[async_trait]
impl EventSink for Names {
    fn name(&self) -> &str {
        "names"
    }

    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        assert!(!self.panics, "a sink of the application panics");
        for delivery in batch {
            self.names.send(delivery.change().group.name.to_string()).map_err(SinkError::new)?;
        }
        Ok(())
    }
}

async fn heard(names: &mut mpsc::UnboundedReceiver<String>) -> String {
    within("a change", names.recv()).await.unwrap()
}

#[tokio::test]
async fn an_application_can_use_its_own_identity_and_a_path_prefix() {
    let directory = tempfile::tempdir().unwrap();
    let builder = Groups::builder(Settings { jwt_secret: None, ..settings(directory.path()) });
    let application = Application::start(builder.identity(Cookies).prefix("/realtime").page(false)).await;
    let http = &application.http;
    let ada = new_id();
    let cookie = format!("user={ada}");

    assert_eq!(http.get("/").await.text(), "the application's own");
    assert_eq!(http.get("/realtime/readyz").await.status, 200);
    for absent in ["/realtime/", "/realtime/assets/groups-client.js", "/v1/me", "/readyz"] {
        assert_eq!(http.get(absent).await.status, 404, "{absent}");
    }
    http.get("/realtime/v1/me").await.problem(401, "unauthenticated");
    // With a custom identity there is no development mode.
    let login = http.call("POST", "/realtime/v1/dev/login").json(&json!({"name": "Ada"})).send().await;
    login.problem(404, "not_found");
    let me = http.call("GET", "/realtime/v1/me").header("Cookie", &cookie).send().await;
    assert_eq!((me.status, me.value()["user_id"].as_str()), (200, Some(ada.as_str())));

    let mut socket = Dial::to(http.address()).below("/realtime").header("Cookie", &cookie).ready().await;
    let create = http.call("POST", "/realtime/v1/groups").header("Cookie", &cookie).json(&json!({"name": "Team"}));
    let created = create.send().await;
    let group = created.group(201)["group_id"].as_str().unwrap().to_owned();
    assert_eq!(created.header("location"), Some(format!("../v1/groups/{group}").as_str()), "relative to the request");
    assert_eq!(socket.event(&ada, "group_created").await["group_id"], group.as_str());
    let refused = Dial::to(http.address()).below("/realtime").refused().await;
    refused.problem(401, "unauthenticated");

    // A page of another origin cannot change anything with the user's cookie.
    let forged =
        http.call("POST", "/realtime/v1/groups").header("Cookie", &cookie).header("Origin", "https://evil.example");
    forged.json(&json!({"name": "Forged"})).send().await.problem(403, "forbidden");
    application.stop().await;
}

#[tokio::test]
async fn an_expired_principal_is_refused_by_http_websocket_and_own_routes() {
    let directory = tempfile::tempdir().unwrap();
    let user_id = UserId::new(new_id().parse().unwrap());
    let expires_at_ms = AtomicI64::new(Timestamp::TEXT_MAX.unix_millis());
    let one_user = Arc::new(OneUser { user_id, expires_at_ms });
    let shared: Arc<dyn Identity> = one_user.clone();
    let builder = Groups::builder(settings(directory.path()));
    let application = Application::start(builder.identity(shared).prefix("/realtime")).await;
    let http = &application.http;

    let me = http.get("/realtime/v1/me").await.ok(200);
    assert_eq!(me["expires_at"], "9999-12-31T23:59:59.999Z");
    let own = http.get("/realtime/caller").await;
    assert_eq!((own.status, own.text()), (200, user_id.to_string()));
    Dial::to(http.address()).below("/realtime").ready().await;

    one_user.expires_at_ms.store(application.groups.now().unix_millis(), Ordering::SeqCst);
    for path in ["/realtime/v1/me", "/realtime/v1/groups", "/realtime/caller"] {
        http.get(path).await.problem(401, "unauthenticated");
    }
    let create = http.call("POST", "/realtime/v1/groups").json(&json!({"name": "Late"}));
    create.send().await.problem(401, "unauthenticated");
    Dial::to(http.address()).below("/realtime").refused().await.problem(401, "unauthenticated");
    application.stop().await;
}

#[tokio::test]
async fn an_order_to_the_store_can_carry_the_time_of_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let application = Application::start(Groups::builder(settings(directory.path()))).await;
    let groups = &application.groups;
    let system_ms = || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let (before, at, after) = (system_ms(), groups.now(), system_ms());
    assert!((before..=after).contains(&at.unix_millis()), "{before} <= {at} <= {after}");
    let actor = Actor::Member(UserId::new(new_id().parse().unwrap()));
    let command = Command::create("Team", "").unwrap();
    let request = Request { group_id: groups.new_group_id(), actor, at, expected_version: None, command };
    let executed = groups.store().execute(request.into()).await.unwrap();
    assert_eq!(executed.group.created_at, at);
    application.stop().await;
}

#[tokio::test]
async fn an_in_process_command_sends_the_same_events() {
    let directory = tempfile::tempdir().unwrap();
    let application = Application::start(Groups::builder(settings(directory.path()))).await;
    let (ada, bob) = (User::new(&application.http), User::new(&application.http));
    let id = |user: &User| UserId::new(user.id.parse().unwrap());
    let mut socket = bob.connects().await;
    let groups = &application.groups;
    let group_id = groups.new_group_id();
    let create = Command::create("Team", "").unwrap();
    groups.execute(Actor::Member(id(&ada)), group_id, create).await.unwrap();
    let add = Command::AddMember(NewMember::plain(id(&bob)));
    groups.execute(Actor::Member(id(&ada)), group_id, add).await.unwrap();
    let event = socket.event(&bob.id, "added_to_group").await;
    assert_eq!((event["group_id"].as_str(), &event["operator"]), (Some(group_id.to_string().as_str()), &Value::Null));
    // An operator needs no membership.
    let operator = Actor::Operator(UserId::new(new_id().parse().unwrap()));
    let rename =
        Command::UpdateSettings { name: Some(GroupName::parse("Crew").unwrap()), description: None, join_policy: None };
    groups.execute(operator, group_id, rename).await.unwrap();
    let event = socket.event(&bob.id, "group_updated").await;
    assert_eq!((event["group"]["name"].as_str(), &event["operator"]), (Some("Crew"), &Value::Bool(true)));
    let gift = groups.new_group_id();
    groups.execute(operator, gift, Command::create_for(id(&bob), "Gift", "").unwrap()).await.unwrap();
    let event = socket.event(&bob.id, "added_to_group").await;
    assert_eq!((event["group_id"].as_str(), event["role"].as_str()), (Some(gift.to_string().as_str()), Some("owner")));
    assert_eq!(bob.sees(&gift.to_string()).await["role"], "owner");
    application.stop().await;
}

#[tokio::test]
async fn a_sink_that_panics_delays_nobody_and_other_sinks_receive_every_change() {
    let directory = tempfile::tempdir().unwrap();
    let ((steady, mut steadily), (panicking, _unheard)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let shared: Arc<dyn EventSink> = Arc::new(Names { names: steady, panics: false });
    let builder =
        Groups::builder(settings(directory.path())).sink(Names { names: panicking, panics: true }).sink(shared.clone());
    let application = Application::start(builder).await;
    let ada = User::new(&application.http);
    let mut socket = ada.connects().await;
    for name in ["One", "Two", "Three"] {
        ada.creates(name, &[]).await;
        assert_eq!(heard(&mut steadily).await, name);
        socket.event(&ada.id, "group_created").await;
    }
    assert_eq!(application.groups.failure(), None);
    application.stop().await;
}

#[tokio::test]
async fn a_durable_sink_continues_where_it_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let with_sink = || {
        let (names, heard) = mpsc::unbounded_channel();
        (
            Groups::builder(settings(directory.path()))
                .durable_sink("names".parse().unwrap(), Names { names, panics: false }),
            heard,
        )
    };
    let (builder, mut names) = with_sink();
    let application = Application::start(builder).await;
    let ada = User::new(&application.http);
    ada.creates("While it runs", &[]).await;
    assert_eq!(heard(&mut names).await, "While it runs");
    application.stop().await;

    let without = Application::start(Groups::builder(settings(directory.path()))).await;
    ada.at(&without.http).creates("While it is away", &[]).await;
    ada.at(&without.http).creates("And another", &[]).await;
    without.stop().await;

    let (builder, mut names) = with_sink();
    let application = Application::start(builder).await;
    let mut next = heard(&mut names).await;
    // At-least-once: the last changes may be delivered again.
    while next == "While it runs" {
        next = heard(&mut names).await;
    }
    assert_eq!(next, "While it is away");
    assert_eq!(heard(&mut names).await, "And another");
    application.stop().await;
}
