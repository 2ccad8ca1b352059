-- What this file is for: people who do not want to be added to groups by somebody.
CREATE TABLE blocks (
  user_id    BLOB    NOT NULL CHECK (length(user_id) = 16),
  blocked_id BLOB    NOT NULL CHECK (length(blocked_id) = 16),
  at         INTEGER NOT NULL,
  PRIMARY KEY (user_id, blocked_id)
) STRICT, WITHOUT ROWID;
