-- What each user has written on each day (UTC, counted from 1970-01-01), for the daily quotas. The day comes first, because old
-- days are deleted.
CREATE TABLE usage (
  day            INTEGER NOT NULL,
  user_id        BLOB    NOT NULL CHECK (length(user_id) = 16),
  groups_created INTEGER NOT NULL,
  rows_written   INTEGER NOT NULL,
  bytes_written  INTEGER NOT NULL,
  PRIMARY KEY (day, user_id)
) STRICT, WITHOUT ROWID;
