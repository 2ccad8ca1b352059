-- What this file is for: people who do not want to be added to groups by somebody.
CREATE TABLE blocks (
  user_id    uuid    NOT NULL,
  blocked_id uuid    NOT NULL,
  at         bigint  NOT NULL,
  PRIMARY KEY (user_id, blocked_id)
);
