-- Users whose connections an operator has closed, and whose tokens issued before a time are refused (0: none), until this is
-- forgotten. Times are milliseconds since 1970.
CREATE TABLE revocations (
  user_id         uuid   NOT NULL PRIMARY KEY,
  not_before      bigint NOT NULL,
  disconnected_at bigint NOT NULL,
  kept_until      bigint NOT NULL
);
CREATE INDEX revocations_start ON revocations (disconnected_at);
CREATE INDEX revocations_end ON revocations (kept_until);
