-- What this file is for: counting the groups of one person without reading their ended memberships.
CREATE INDEX memberships_open ON memberships (user_id, group_id) WHERE left_version IS NULL;
