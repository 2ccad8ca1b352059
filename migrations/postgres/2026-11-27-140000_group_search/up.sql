-- For operators, who search groups by the beginning of their name. With the collation "C", lower() maps only ASCII letters, as
-- on SQLite; the query covers the other letters.
CREATE INDEX groups_search ON groups (lower(name COLLATE "C"), id) WHERE deleted_version IS NULL;
