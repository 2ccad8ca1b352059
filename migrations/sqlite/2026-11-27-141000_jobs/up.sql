-- Jobs: work on one user that takes many transactions. A job forgets its user when it ends. holder is the server that executes
-- it, until leased_until, in milliseconds since 1970.
CREATE TABLE jobs (
  id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  kind         INTEGER NOT NULL,
  state        INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
  user_id      BLOB    CHECK (length(user_id) = 16),
  actor_id     BLOB    NOT NULL CHECK (length(actor_id) = 16),
  fingerprint  BLOB,
  done         INTEGER NOT NULL,
  total        INTEGER NOT NULL,
  reason       TEXT,
  created_at   INTEGER NOT NULL,
  finished_at  INTEGER CHECK ((finished_at IS NULL) = (state = 1)),
  holder       BLOB    CHECK (length(holder) = 16),
  leased_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- For servers that look for a job, and for the retention.
CREATE INDEX jobs_unfinished ON jobs (created_at, id) WHERE state = 1;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
