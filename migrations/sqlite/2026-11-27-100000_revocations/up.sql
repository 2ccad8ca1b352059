-- Users whose connections an operator has closed, and whose tokens issued before a time are refused (0: none), until this is
-- forgotten. Times are milliseconds since 1970.
CREATE TABLE revocations (
  user_id         BLOB    NOT NULL PRIMARY KEY CHECK (length(user_id) = 16),
  not_before      INTEGER NOT NULL,
  disconnected_at INTEGER NOT NULL,
  kept_until      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_start ON revocations (disconnected_at);
CREATE INDEX revocations_end ON revocations (kept_until);
