//! One operation: a method of a path, with everything that it accepts and answers.

use actix_web::http::Method;
use serde_json::{Map, Value, json};

use super::parameters::Parameter;
use crate::Code;

/// Which token an operation requires.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    None,
    Any,
    Operator,
}

#[derive(Clone)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) tag: &'static str,
    summary: String,
    description: Option<&'static str>,
    pub(super) token: Token,
    parameters: Vec<Parameter>,
    body: Option<Value>,
    success: Vec<Success>,
    links: Map<String, Value>,
    pub(super) codes: Vec<Code>,
}

/// A successful answer.
#[derive(Clone)]
struct Success {
    status: u16,
    description: &'static str,
    headers: Vec<&'static str>,
    content: Value,
}

/// What any request with a token may get.
const ALWAYS: [Code; 4] = [Code::Unauthenticated, Code::RateLimited, Code::Internal, Code::Unavailable];

/// What any request with a body may get.
const WITH_BODY: [Code; 4] = [Code::MalformedRequest, Code::Forbidden, Code::RequestTimeout, Code::PayloadTooLarge];

impl Operation {
    /// An operation that needs no token and cannot fail.
    pub(super) fn open(method: Method, path: &str, id: &str, tag: &'static str, summary: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            id: id.to_owned(),
            tag,
            summary: summary.to_owned(),
            description: None,
            token: Token::None,
            parameters: Vec::new(),
            body: None,
            success: Vec::new(),
            links: Map::new(),
            codes: Vec::new(),
        }
    }

    /// A reading operation with a token.
    pub(super) fn reads(path: &str, id: &str, tag: &'static str, summary: &str) -> Self {
        Self { token: Token::Any, ..Self::open(Method::GET, path, id, tag, summary) }.codes(&ALWAYS)
    }

    /// A changing operation with a token.
    pub(super) fn changes(method: Method, path: &str, id: &str, tag: &'static str, summary: &str) -> Self {
        Self { token: Token::Any, ..Self::open(method, path, id, tag, summary) }.codes(&ALWAYS).codes(&WITH_BODY)
    }

    /// The operation of an operator on the same path below `/v1/admin`.
    pub(super) fn for_operators(&self) -> Self {
        let path = self.path.replacen("/v1/", "/v1/admin/", 1);
        let (first, rest) = self.id.split_at(1);
        let id = format!("admin{}{rest}", first.to_uppercase());
        let summary = format!("{}, of any group", self.summary);
        Self { path, id, summary, tag: "Operators", ..self.clone() }.operators()
    }

    pub(super) fn operators(mut self) -> Self {
        self.token = Token::Operator;
        self.codes(&[Code::Forbidden])
    }

    pub(super) fn described(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }

    pub(super) fn codes(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// Adds parameters. Every one of them can be malformed.
    pub(super) fn takes(mut self, parameters: &[Parameter]) -> Self {
        self.parameters.extend(parameters);
        self.codes(&[Code::MalformedRequest])
    }

    /// Adds headers that any value is accepted for.
    pub(super) fn accepts(mut self, parameters: &[Parameter]) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Adds `If-Match`.
    pub(super) fn versioned(self) -> Self {
        self.takes(&[Parameter::IfMatch]).codes(&[Code::VersionMismatch])
    }

    /// Adds `Idempotency-Key`.
    pub(super) fn idempotent(self) -> Self {
        self.takes(&[Parameter::IdempotencyKey]).codes(&[Code::IdempotencyKeyReused])
    }

    pub(super) fn with_body(mut self, schema: &str, required: bool, example: Value) -> Self {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        self.body = Some(json!({
            "required": required,
            "content": {"application/json": {"schema": schema, "example": example}},
        }));
        self
    }

    /// Adds a successful answer without a body.
    pub(super) fn empty(self, status: u16, description: &'static str, headers: &[&'static str]) -> Self {
        self.answers(status, description, headers, Value::Null)
    }

    /// Adds a successful answer in JSON, with the name of its schema.
    pub(super) fn json(
        self,
        status: u16,
        description: &'static str,
        headers: &[&'static str],
        schema: &'static str,
    ) -> Self {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        self.answers(status, description, headers, json!({"application/json": {"schema": schema}}))
    }

    pub(super) fn answers(
        mut self,
        status: u16,
        description: &'static str,
        headers: &[&'static str],
        content: Value,
    ) -> Self {
        self.success.push(Success { status, description, headers: headers.to_vec(), content });
        self
    }

    /// Links the successful answer to an operation with a parameter that is a field of the answer.
    pub(super) fn linked(mut self, to: &Operation, parameter: &str) -> Self {
        let mut parameters = json!({parameter: format!("$response.body#/{parameter}")});
        if to.parameters.iter().any(|of| matches!(of, Parameter::MemberId)) {
            parameters["user_id"] = json!("me");
        }
        self.links.insert(to.id.clone(), json!({"operationId": to.id, "parameters": parameters}));
        self
    }

    /// The codes of each status, in the order of [`Code::ALL`].
    pub(super) fn problems(&self) -> Vec<(u16, Vec<Code>)> {
        let mut problems: Vec<(u16, Vec<Code>)> = Vec::new();
        for code in Code::ALL.iter().filter(|code| self.codes.contains(code)) {
            match problems.iter_mut().find(|(status, _)| *status == code.status()) {
                Some((_, codes)) => codes.push(*code),
                None => problems.push((code.status(), vec![*code])),
            }
        }
        problems
    }

    /// The operation in the document, except for its errors.
    pub(super) fn value(&self) -> Value {
        let mut responses = Map::new();
        for Success { status, description, headers, content } in &self.success {
            let headers: Map<_, _> = headers
                .iter()
                .map(|name| (name.to_string(), json!({"$ref": format!("#/components/headers/{name}")})))
                .collect();
            let mut response = json!({"description": description});
            if !headers.is_empty() {
                response["headers"] = Value::Object(headers);
            }
            if !content.is_null() {
                response["content"] = content.clone();
            }
            if !self.links.is_empty() {
                response["links"] = Value::Object(self.links.clone());
            }
            responses.insert(status.to_string(), response);
        }
        let mut value = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "responses": responses,
            "security": match self.token {
                Token::None => json!([]),
                Token::Any => json!([{"token": []}]),
                Token::Operator => json!([{"token": ["groups:admin"]}]),
            },
        });
        if let Some(description) = self.description {
            value["description"] = json!(description);
        }
        if !self.parameters.is_empty() {
            value["parameters"] = self.parameters.iter().map(|parameter| parameter.reference()).collect();
        }
        if let Some(body) = &self.body {
            value["requestBody"] = body.clone();
        }
        value
    }
}
