-- How outsiders can join (1 closed, 2 request, 3 open), and how many entries the lists of the group have.
ALTER TABLE groups
  ADD COLUMN join_policy   smallint NOT NULL DEFAULT 1 CHECK (join_policy BETWEEN 1 AND 3),
  ADD COLUMN invitations   bigint   NOT NULL DEFAULT 0 CHECK (invitations >= 0),
  ADD COLUMN join_requests bigint   NOT NULL DEFAULT 0 CHECK (join_requests >= 0),
  ADD COLUMN bans          bigint   NOT NULL DEFAULT 0 CHECK (bans >= 0),
  ADD COLUMN links         bigint   NOT NULL DEFAULT 0 CHECK (links >= 0);
-- For the directory, which is searched like the groups of operators.
CREATE INDEX groups_directory ON groups (lower(name COLLATE "C"), id) WHERE deleted_version IS NULL AND join_policy > 1;

-- What users who are not members are or were to a group, as intervals of its versions: invited (1), asked to join (2) or banned (3).
-- Of the first two, the changes of since_version and ended_version are those that the user hears of. Those of a deleted group
-- end with its deleted_version. role is what they get when they join; actor_id has invited or banned them, or is the user.
CREATE TABLE standings (
  group_id      uuid     NOT NULL REFERENCES groups (id),
  user_id       uuid     NOT NULL,
  since_version bigint   NOT NULL CHECK (since_version >= 1),
  kind          smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
  role          smallint NOT NULL CHECK (role BETWEEN 1 AND 2),
  actor_id      uuid     NOT NULL,
  note          text     NOT NULL,
  at            bigint   NOT NULL,
  expires_at    bigint,
  ended_version bigint   CHECK (ended_version > since_version),
  ended_at      bigint   CHECK ((ended_at IS NULL) = (ended_version IS NULL)),
  PRIMARY KEY (group_id, user_id, since_version)
);
CREATE UNIQUE INDEX standings_current ON standings (group_id, user_id) WHERE ended_version IS NULL;
CREATE INDEX standings_of_group ON standings (group_id, kind, since_version, user_id) WHERE ended_version IS NULL;
CREATE INDEX standings_of_user ON standings (user_id, group_id);
CREATE INDEX standings_expiry ON standings (expires_at) WHERE ended_version IS NULL AND expires_at IS NOT NULL;
CREATE INDEX standings_ended ON standings (ended_at) WHERE ended_version IS NOT NULL;

-- Links into groups. The id is a hash of the token. A revoked one has no row.
CREATE TABLE links (
  id              uuid     NOT NULL PRIMARY KEY,
  group_id        uuid     NOT NULL REFERENCES groups (id),
  created_version bigint   NOT NULL CHECK (created_version >= 1),
  role            smallint NOT NULL CHECK (role BETWEEN 1 AND 2),
  created_by      uuid     NOT NULL,
  at              bigint   NOT NULL,
  expires_at      bigint,
  uses_max        bigint   CHECK (uses_max >= 1),
  uses            bigint   NOT NULL CHECK (uses >= 0),
  approval        boolean  NOT NULL
);
CREATE INDEX links_of_group ON links (group_id, created_version);
