-- What each user has written on each day (UTC, counted from 1970-01-01), for the daily quotas. The day comes first, because old
-- days are deleted.
CREATE TABLE usage (
  day            bigint NOT NULL,
  user_id        uuid   NOT NULL,
  groups_created bigint NOT NULL,
  rows_written   bigint NOT NULL,
  bytes_written  bigint NOT NULL,
  PRIMARY KEY (day, user_id)
);
