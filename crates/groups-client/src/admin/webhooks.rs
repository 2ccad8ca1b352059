//! Webhooks: `/v1/admin/webhooks`.

use std::time::Duration;

use groups_domain::Uuid;
use hyper::Method;
use serde::{Serialize, Serializer};

use crate::body::Page;
use crate::call::Call;
use crate::error::Error;
use crate::http::Http;
use crate::pages;

/// A webhook, without its secret.
pub type Webhook = groups_protocol::WebhookBody;
/// A webhook with its secret, which is shown only in this answer.
pub type CreatedWebhook = groups_protocol::CreatedWebhookBody;
/// One page of the webhooks, oldest first.
pub type WebhookPage = groups_protocol::WebhookPage;
/// Whether changes are delivered.
pub type WebhookState = groups_protocol::WebhookStateBody;
/// Why a webhook is paused.
pub type PauseReason = groups_protocol::PauseReasonBody;
/// One attempt to deliver a message.
pub type Delivery = groups_protocol::AttemptBody;
/// One page of the attempts of a webhook, newest first.
pub type DeliveryPage = groups_protocol::DeliveryPage;
/// What came of a test.
pub type TestResult = groups_protocol::TestResultBody;

/// How long the server may wait for the receiver of a test.
const TEST_WITHIN: Duration = Duration::from_secs(20);

/// The webhooks of a deployment. See [`Admin::webhooks`](crate::Admin::webhooks).
#[derive(Clone, Copy)]
pub struct Webhooks<'a>(pub(super) &'a Http);

/// A webhook to create.
///
/// ```
/// let webhook = groups_client::NewWebhook::new("https://billing.example/hook").types(["group.member_added"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewWebhook {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
}

impl NewWebhook {
    /// A webhook for every change of a group, with the `http` or `https` address of its receiver.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), types: None, description: String::new() }
    }

    /// Sets the types of messages that it gets, such as `group.member_added`, or `user.catch_up` alone. Default: `group.*`.
    #[must_use]
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { types: Some(types.into_iter().map(Into::into).collect()), ..self }
    }

    /// Sets a text for operators: at most 1,000 characters. Default: empty.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: description.into(), ..self }
    }
}

/// New settings of a webhook. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WebhookSettings {
    /// The new address of the receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The types of messages that it gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<WebhookTypes>,
    /// The new text for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Pauses the webhook, or continues where delivery stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<WebhookState>,
    /// Makes a new secret. The previous one also signs for 24 hours.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rotate_secret: bool,
}

/// The types of messages that a webhook gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookTypes {
    /// Every change of a group: `group.*`.
    Changes,
    /// These types.
    Only(Vec<String>),
}

impl Serialize for WebhookTypes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Changes => serializer.serialize_none(),
            Self::Only(types) => types.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct ReplayBody<'a> {
    after: &'a str,
}

impl<'a> Webhooks<'a> {
    /// One page of them, oldest first.
    pub fn page(self, page: Page) -> Call<'a, WebhookPage> {
        Call::json(self.0, Method::GET, "/v1/admin/webhooks".to_owned()).page(page)
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all(self) -> Result<Vec<Webhook>, Error> {
        pages::all(|page| self.page(page)).await
    }

    /// Creates a webhook. It gets the changes after its creation. Only this answer has its secret.
    pub fn create(self, webhook: NewWebhook) -> Call<'a, CreatedWebhook> {
        Call::json(self.0, Method::POST, "/v1/admin/webhooks".to_owned()).change().body(&webhook)
    }

    /// One webhook.
    pub fn get(self, id: Uuid) -> Call<'a, Webhook> {
        Call::json(self.0, Method::GET, path(id))
    }

    /// Changes a webhook. With [`Call::if_version`], only if it is at this version.
    pub fn update(self, id: Uuid, settings: WebhookSettings) -> Call<'a, CreatedWebhook> {
        Call::json(self.0, Method::PATCH, path(id)).change().body(&settings)
    }

    /// Deletes a webhook.
    pub fn delete(self, id: Uuid) -> Call<'a, ()> {
        Call::empty(self.0, Method::DELETE, path(id)).change()
    }

    /// Sends a message of the type `webhook.test` now, also if the webhook is paused. It is sent once.
    pub fn test(self, id: Uuid) -> Call<'a, TestResult> {
        Call::json(self.0, Method::POST, format!("{}/test", path(id))).once().delayed_by(TEST_WITHIN)
    }

    /// One page of the latest attempts, newest first: at most 500, of the last 7 days.
    pub fn deliveries(self, id: Uuid, page: Page) -> Call<'a, DeliveryPage> {
        Call::json(self.0, Method::GET, format!("{}/deliveries", path(id))).page(page)
    }

    /// All of the latest attempts, newest first.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all_deliveries(self, id: Uuid) -> Result<Vec<Delivery>, Error> {
        pages::all(|page| self.deliveries(id, page)).await
    }

    /// Continues after a cursor of the log or of a message, and makes the webhook active. The changes after it are delivered again.
    pub fn replay(self, id: Uuid, after: &str) -> Call<'a, Webhook> {
        Call::json(self.0, Method::POST, format!("{}/replay", path(id))).change().body(&ReplayBody { after })
    }
}

fn path(id: Uuid) -> String {
    format!("/v1/admin/webhooks/{id}")
}

impl std::fmt::Debug for Webhooks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhooks")
    }
}
