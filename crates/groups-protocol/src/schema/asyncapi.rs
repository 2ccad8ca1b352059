//! The AsyncAPI document of the WebSocket.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{generator, reference, tidy};
use crate::{ClientMessage, CloseCode, EventBody, ServerMessage};

const DESCRIPTION: &str = "\
The WebSocket of groups: the list of a user's groups, and then every change as it happens.

After `welcome`, the server sends the list in `snapshot` messages, or the events that the client has missed since its \
`cursor`; then `ready`, and from then on events as they happen. Text frames, one JSON object each. Clients must ignore \
unknown fields and unknown types: the interface only grows. `docs/contract.md` and `docs/delivery.md` in the repository \
say what the messages mean and what a client does with them.";

const HANDSHAKE: &str = "\
A WebSocket upgrade (RFC 6455). The token is in the header `Authorization`, or in the subprotocols `groups.v1` and \
`bearer.<JWT>`, because browsers cannot set headers; the server then selects `groups.v1`. A refused upgrade is a plain \
HTTP answer with problem details: see `openWebSocket` in the OpenAPI document.";

const TOKEN: &str = "A JWT, as described in `docs/contract.md`. With the scope `groups:read`, `typing` is rejected.";

/// One type of message: its name on the wire, and its schema.
struct Typed {
    name: String,
    schema: Value,
}

impl Typed {
    /// The variants of an enum that is tagged with `type`.
    fn variants(schema: &Value) -> Vec<Self> {
        let variants = schema["oneOf"].as_array().unwrap().iter();
        let name = |variant: &Value| variant["properties"]["type"]["const"].as_str().unwrap().to_owned();
        variants.map(|variant| Self { name: name(variant), schema: variant.clone() }).collect()
    }

    /// The key of the schema and of the message: `group_created` is `GroupCreated`. Client and server share the name `typing`.
    fn key(&self, prefix: &str) -> String {
        let word = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
        format!("{prefix}{}", self.name.split('_').map(word).collect::<String>())
    }
}

/// The golden messages of the server, by type.
fn golden_messages() -> BTreeMap<String, Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut messages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let payload: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        if let Some(kind) = payload["type"].as_str() {
            messages.entry(kind.to_owned()).or_default().push(json!({"name": name, "payload": payload}));
        }
    }
    messages
}

/// An example of each client message.
fn client_examples() -> BTreeMap<String, Vec<Value>> {
    let group_id = "01a206fc-a2ba-74e0-b762-1f02155aaf9f".parse().unwrap();
    let messages = [
        ClientMessage::Ping,
        ClientMessage::Typing { group_id, typing: true },
        ClientMessage::Authenticate { token: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl".to_owned() },
    ];
    let named = |message| {
        let payload = serde_json::to_value(message).unwrap();
        let name = payload["type"].as_str().unwrap().to_owned();
        (name.clone(), vec![json!({"name": name, "payload": payload})])
    };
    messages.into_iter().map(named).collect()
}

/// The close codes with their meaning: the first paragraph of the documentation of each variant.
fn close_codes(schema: &Value) -> Vec<Value> {
    let variants = schema["oneOf"].as_array().unwrap();
    assert_eq!(variants.len(), CloseCode::ALL.len());
    let codes = CloseCode::ALL.iter().zip(variants);
    let entry = |(code, variant): (&CloseCode, &Value)| {
        assert_eq!(variant["const"], format!("{code:?}"));
        let code = code.get();
        let meaning =
            variant["description"].as_str().unwrap().replace("; see [`retry_reason`]", ": `{\"retry_ms\":[min,max]}`");
        json!({"code": code, "description": meaning, "reconnect": CloseCode::is_retryable(code)})
    };
    codes.map(entry).collect()
}

/// In JSON Schema draft 7, which AsyncAPI uses, the neighbours of `$ref` are ignored.
fn without_neighbours(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(without_neighbours);
            if fields.len() > 1
                && let Some(target) = fields.remove("$ref")
            {
                let mut all = vec![json!({"$ref": target})];
                all.extend(fields.remove("allOf").and_then(|all| all.as_array().cloned()).into_iter().flatten());
                fields.insert("allOf".to_owned(), Value::Array(all));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(without_neighbours),
        _ => {}
    }
}

pub(super) fn document() -> Value {
    let mut generator = generator();
    let root = |schema: schemars::Schema| Value::from(schema);
    let (server, events) =
        (root(generator.root_schema_for::<ServerMessage<'_>>()), root(generator.root_schema_for::<EventBody<'_>>()));
    let client = root(generator.root_schema_for::<ClientMessage>());
    let close = root(generator.root_schema_for::<CloseCode>());
    let mut schemas = generator.take_definitions(true);
    let from_server = Typed::variants(&server).into_iter().chain(Typed::variants(&events));
    let from_server: Vec<_> = from_server.map(|typed| (typed.key(""), typed, golden_messages())).collect();
    let from_client = Typed::variants(&client).into_iter();
    let from_client: Vec<_> = from_client.map(|typed| (typed.key("Client"), typed, client_examples())).collect();

    let mut messages = Map::new();
    for (key, typed, examples) in from_server.iter().chain(&from_client) {
        let examples = examples.get(&typed.name);
        assert!(examples.is_some(), "{} has no example", typed.name);
        messages.insert(
            key.clone(),
            json!({
                "name": typed.name, "title": typed.name, "summary": typed.schema["description"],
                "contentType": "application/json", "payload": reference(key), "examples": examples,
            }),
        );
        schemas.insert(key.clone(), typed.schema.clone());
    }
    let mut schemas = Value::Object(schemas);
    tidy(&mut schemas);
    without_neighbours(&mut schemas);

    let named = |key: &String| json!({"$ref": format!("#/channels/websocket/messages/{key}")});
    let of = |list: &[(String, Typed, _)]| list.iter().map(|(key, _, _)| named(key)).collect::<Vec<_>>();
    let in_channel: Map<_, _> =
        messages.keys().map(|key| (key.clone(), json!({"$ref": format!("#/components/messages/{key}")}))).collect();
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:groups:websocket",
        "info": {
            "title": "groups: the WebSocket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "url": "https://spdx.org/licenses/MIT.html"},
        },
        "defaultContentType": "application/json",
        "channels": {"websocket": {
            "address": "/v1/ws",
            "title": "The WebSocket of one user",
            "description": HANDSHAKE,
            "messages": in_channel,
            "bindings": {"ws": {
                "method": "GET",
                "query": {"type": "object", "properties": {"cursor": {
                    "type": "string",
                    "description": "How far the client has read. Without a valid one, the server sends the whole list.",
                }}},
                "headers": {"type": "object", "properties": {
                    "Authorization": {"type": "string", "description": "`Bearer <JWT>`."},
                    "Sec-WebSocket-Protocol": {
                        "type": "string",
                        "description": "`groups.v1, bearer.<JWT>`, for clients that cannot set `Authorization`.",
                    },
                }},
                "bindingVersion": "0.1.0",
            }},
            "x-close-codes": close_codes(&close),
        }},
        "operations": {
            "sendToClient": {
                "action": "send",
                "channel": {"$ref": "#/channels/websocket"},
                "title": "What the server sends",
                "messages": of(&from_server),
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            },
            "receiveFromClient": {
                "action": "receive",
                "channel": {"$ref": "#/channels/websocket"},
                "title": "What a client sends",
                "description": "`ping` is answered with `pong`, and a valid `authenticate` with `authenticated`. A message \
                    without effect is answered with `error`. At most 4 KiB each.",
                "messages": of(&from_client),
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            },
        },
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": TOKEN},
            },
        },
    })
}
