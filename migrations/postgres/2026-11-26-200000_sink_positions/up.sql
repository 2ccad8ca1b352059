-- How far each durable consumer of the log has come.
CREATE TABLE sink_positions (
  name       text   NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
  position   text   NOT NULL,
  updated_at bigint NOT NULL
);
