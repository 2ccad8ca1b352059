-- Tokens of a user that were issued before a time are refused, until the revocation is forgotten. Times are milliseconds since 1970.
CREATE TABLE revocations (
  user_id    uuid   NOT NULL PRIMARY KEY,
  not_before bigint NOT NULL,
  kept_until bigint NOT NULL
);
CREATE INDEX revocations_end ON revocations (kept_until);
