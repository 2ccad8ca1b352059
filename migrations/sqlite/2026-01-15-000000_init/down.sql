DROP TABLE names;
DROP TABLE idempotency;
DROP TABLE log;
DROP TABLE memberships;
DROP TABLE groups;
DROP TABLE meta;
