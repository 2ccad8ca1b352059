-- Jobs: work on one user that takes many transactions. A job forgets its user when it ends. holder is the server that executes
-- it, until leased_until, in milliseconds since 1970.
CREATE TABLE jobs (
  id           uuid     NOT NULL PRIMARY KEY,
  kind         smallint NOT NULL,
  state        smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
  user_id      uuid,
  actor_id     uuid     NOT NULL,
  fingerprint  bytea,
  done         bigint   NOT NULL,
  total        bigint   NOT NULL,
  reason       text,
  created_at   bigint   NOT NULL,
  finished_at  bigint   CHECK ((finished_at IS NULL) = (state = 1)),
  holder       uuid,
  leased_until bigint   NOT NULL
);
-- For servers that look for a job, and for the retention.
CREATE INDEX jobs_unfinished ON jobs (created_at, id) WHERE state = 1;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
