-- Webhooks: URLs that get the changes of the log. Everything up to position was delivered. A replay raises generation, so that
-- the server that delivers cannot save an older position. holder is that server, until leased_until, in milliseconds since 1970.
-- paused is the reason: 1 an operator, 2 failures, 3 the receiver is gone, 4 the log no longer has the changes after position.
CREATE TABLE webhooks (
  id              uuid     NOT NULL PRIMARY KEY,
  version         bigint   NOT NULL CHECK (version >= 1),
  url             text     NOT NULL,
  types           text,
  description     text     NOT NULL,
  paused          smallint CHECK (paused BETWEEN 1 AND 4),
  secret          bytea    NOT NULL CHECK (length(secret) = 32),
  previous_secret bytea    CHECK (length(previous_secret) = 32),
  previous_until  bigint   CHECK ((previous_until IS NULL) = (previous_secret IS NULL)),
  position        text     NOT NULL,
  generation      bigint   NOT NULL CHECK (generation >= 1),
  failing_since   bigint,
  last_error      text,
  fingerprint     bytea    NOT NULL,
  created_at      bigint   NOT NULL,
  updated_at      bigint   NOT NULL,
  holder          uuid,
  leased_until    bigint   NOT NULL DEFAULT 0
);
-- For lists, and for servers that look for a webhook.
CREATE INDEX webhooks_age ON webhooks (created_at, id);
CREATE INDEX webhooks_active ON webhooks (leased_until) WHERE paused IS NULL;

-- The newest attempts to deliver something to a webhook.
CREATE TABLE webhook_attempts (
  webhook_id  uuid     NOT NULL,
  seq         bigint   NOT NULL CHECK (seq >= 1),
  message_id  text     NOT NULL,
  event_type  text     NOT NULL,
  at          bigint   NOT NULL,
  attempt     bigint   NOT NULL,
  status      smallint,
  error       text,
  duration_ms bigint   NOT NULL,
  response    text,
  PRIMARY KEY (webhook_id, seq)
);
CREATE INDEX webhook_attempts_age ON webhook_attempts (at);
