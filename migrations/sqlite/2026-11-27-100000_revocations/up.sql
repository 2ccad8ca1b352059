-- Tokens of a user that were issued before a time are refused, until the revocation is forgotten. Times are milliseconds since 1970.
CREATE TABLE revocations (
  user_id    BLOB    NOT NULL PRIMARY KEY CHECK (length(user_id) = 16),
  not_before INTEGER NOT NULL,
  kept_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_end ON revocations (kept_until);
