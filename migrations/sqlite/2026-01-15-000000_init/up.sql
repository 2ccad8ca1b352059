-- What this file is: the first schema on SQLite. The same tables and columns as on PostgreSQL.
-- Ids are the 16 bytes of a UUID, times are milliseconds since 1970-01-01T00:00:00Z.

-- So that another program's database is not taken for ours: "grps".
PRAGMA application_id = 1735552115;

-- Facts about the database itself.
CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The groups as they stand. A deleted one keeps its row: its members' intervals end with deleted_version.
CREATE TABLE groups (
  id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  name            TEXT    NOT NULL,
  description     TEXT    NOT NULL,
  owner_id        BLOB    NOT NULL CHECK (length(owner_id) = 16),
  member_count    INTEGER NOT NULL CHECK (member_count >= 1),
  version         INTEGER NOT NULL CHECK (version >= 1),
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  deleted_version INTEGER CHECK (deleted_version = version)
) STRICT, WITHOUT ROWID;
CREATE INDEX groups_deleted ON groups (updated_at) WHERE deleted_version IS NOT NULL;

-- Who is or was in a group, as intervals of its versions: the change of left_version is the last one that the member hears of.
CREATE TABLE memberships (
  group_id       BLOB    NOT NULL REFERENCES groups (id),
  user_id        BLOB    NOT NULL CHECK (length(user_id) = 16),
  joined_version INTEGER NOT NULL CHECK (joined_version >= 1),
  ordinal        INTEGER NOT NULL CHECK (ordinal >= 0),
  role           INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
  joined_at      INTEGER NOT NULL,
  left_version   INTEGER CHECK (left_version > joined_version),
  left_at        INTEGER CHECK ((left_at IS NULL) = (left_version IS NULL)),
  PRIMARY KEY (group_id, user_id, joined_version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX memberships_current ON memberships (group_id, user_id) WHERE left_version IS NULL;
CREATE INDEX memberships_joining ON memberships (group_id, joined_version, ordinal) WHERE left_version IS NULL;
CREATE INDEX memberships_of_user ON memberships (user_id, group_id);
CREATE INDEX memberships_ended ON memberships (left_at) WHERE left_version IS NOT NULL;

-- Every change, once. commit_id orders the positions of readers: here it is the row's own number, as there is one writer.
CREATE TABLE log (
  seq       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  commit_id INTEGER NOT NULL GENERATED ALWAYS AS (seq) VIRTUAL,
  group_id  BLOB    NOT NULL CHECK (length(group_id) = 16),
  version   INTEGER NOT NULL CHECK (version >= 1),
  actor_id  BLOB    NOT NULL CHECK (length(actor_id) = 16),
  at        INTEGER NOT NULL,
  format    INTEGER NOT NULL,
  payload   TEXT    NOT NULL,
  UNIQUE (group_id, version)
) STRICT;
CREATE INDEX log_positions ON log (group_id, commit_id);

-- The answers to orders with an idempotency key, for 24 hours.
CREATE TABLE idempotency (
  actor_id    BLOB    NOT NULL CHECK (length(actor_id) = 16),
  key         TEXT    NOT NULL,
  fingerprint BLOB    NOT NULL,
  created_at  INTEGER NOT NULL,
  format      INTEGER NOT NULL,
  answer      TEXT    NOT NULL,
  PRIMARY KEY (actor_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

-- The names that people go by, as their tokens last said; name_key is what they are searched by.
CREATE TABLE names (
  user_id  BLOB NOT NULL PRIMARY KEY CHECK (length(user_id) = 16),
  name     TEXT NOT NULL,
  name_key TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX names_search ON names (name_key, user_id);
