-- How outsiders can join (1 closed, 2 request, 3 open), and how many entries the lists of the group have.
ALTER TABLE groups ADD COLUMN join_policy INTEGER NOT NULL DEFAULT 1 CHECK (join_policy BETWEEN 1 AND 3);
ALTER TABLE groups ADD COLUMN invitations INTEGER NOT NULL DEFAULT 0 CHECK (invitations >= 0);
ALTER TABLE groups ADD COLUMN join_requests INTEGER NOT NULL DEFAULT 0 CHECK (join_requests >= 0);
ALTER TABLE groups ADD COLUMN bans INTEGER NOT NULL DEFAULT 0 CHECK (bans >= 0);
ALTER TABLE groups ADD COLUMN links INTEGER NOT NULL DEFAULT 0 CHECK (links >= 0);
-- For the directory, which is searched like the groups of operators.
CREATE INDEX groups_directory ON groups (lower(name), id) WHERE deleted_version IS NULL AND join_policy > 1;

-- What users who are not members are or were to a group, as intervals of its versions: invited (1), asked to join (2) or banned (3).
-- Of the first two, the changes of since_version and ended_version are those that the user hears of. Those of a deleted group
-- end with its deleted_version. role is what they get when they join; actor_id has invited or banned them, or is the user.
CREATE TABLE standings (
  group_id      BLOB    NOT NULL REFERENCES groups (id),
  user_id       BLOB    NOT NULL CHECK (length(user_id) = 16),
  since_version INTEGER NOT NULL CHECK (since_version >= 1),
  kind          INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
  role          INTEGER NOT NULL CHECK (role BETWEEN 1 AND 2),
  actor_id      BLOB    NOT NULL CHECK (length(actor_id) = 16),
  note          TEXT    NOT NULL,
  at            INTEGER NOT NULL,
  expires_at    INTEGER,
  ended_version INTEGER CHECK (ended_version > since_version),
  ended_at      INTEGER CHECK ((ended_at IS NULL) = (ended_version IS NULL)),
  PRIMARY KEY (group_id, user_id, since_version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX standings_current ON standings (group_id, user_id) WHERE ended_version IS NULL;
CREATE INDEX standings_of_group ON standings (group_id, kind, since_version, user_id) WHERE ended_version IS NULL;
CREATE INDEX standings_of_user ON standings (user_id, group_id);
CREATE INDEX standings_expiry ON standings (expires_at) WHERE ended_version IS NULL AND expires_at IS NOT NULL;
CREATE INDEX standings_ended ON standings (ended_at) WHERE ended_version IS NOT NULL;

-- Links into groups. The id is a hash of the token. A revoked one has no row.
CREATE TABLE links (
  id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  group_id        BLOB    NOT NULL REFERENCES groups (id),
  created_version INTEGER NOT NULL CHECK (created_version >= 1),
  role            INTEGER NOT NULL CHECK (role BETWEEN 1 AND 2),
  created_by      BLOB    NOT NULL CHECK (length(created_by) = 16),
  at              INTEGER NOT NULL,
  expires_at      INTEGER,
  uses_max        INTEGER CHECK (uses_max >= 1),
  uses            INTEGER NOT NULL CHECK (uses >= 0),
  approval        INTEGER NOT NULL CHECK (approval IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX links_of_group ON links (group_id, created_version);
