-- Webhooks: URLs that get the changes of the log. Everything up to position was delivered. A replay raises generation, so that
-- the server that delivers cannot save an older position. holder is that server, until leased_until, in milliseconds since 1970.
-- paused is the reason: 1 an operator, 2 failures, 3 the receiver is gone, 4 the log no longer has the changes after position.
CREATE TABLE webhooks (
  id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  version         INTEGER NOT NULL CHECK (version >= 1),
  url             TEXT    NOT NULL,
  types           TEXT,
  description     TEXT    NOT NULL,
  paused          INTEGER CHECK (paused BETWEEN 1 AND 4),
  secret          BLOB    NOT NULL CHECK (length(secret) = 32),
  previous_secret BLOB    CHECK (length(previous_secret) = 32),
  previous_until  INTEGER CHECK ((previous_until IS NULL) = (previous_secret IS NULL)),
  position        TEXT    NOT NULL,
  generation      INTEGER NOT NULL CHECK (generation >= 1),
  failing_since   INTEGER,
  last_error      TEXT,
  fingerprint     BLOB    NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  holder          BLOB    CHECK (length(holder) = 16),
  leased_until    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
-- For lists, and for servers that look for a webhook.
CREATE INDEX webhooks_age ON webhooks (created_at, id);
CREATE INDEX webhooks_active ON webhooks (leased_until) WHERE paused IS NULL;

-- The newest attempts to deliver something to a webhook.
CREATE TABLE webhook_attempts (
  webhook_id  BLOB    NOT NULL CHECK (length(webhook_id) = 16),
  seq         INTEGER NOT NULL CHECK (seq >= 1),
  message_id  TEXT    NOT NULL,
  event_type  TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  attempt     INTEGER NOT NULL,
  status      INTEGER,
  error       TEXT,
  duration_ms INTEGER NOT NULL,
  response    TEXT,
  PRIMARY KEY (webhook_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_attempts_age ON webhook_attempts (at);
