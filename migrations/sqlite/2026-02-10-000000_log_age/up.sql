-- What this file is: finding the oldest changes by their dates, whatever stands before them in the log.
CREATE INDEX IF NOT EXISTS log_age ON log (at);
