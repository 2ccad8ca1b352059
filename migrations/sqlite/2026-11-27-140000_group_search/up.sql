-- For operators, who search groups by the beginning of their name. SQLite's lower() maps only ASCII letters; the query covers
-- the other letters.
CREATE INDEX groups_search ON groups (lower(name), id) WHERE deleted_version IS NULL;
