-- What this file is for: counting the groups of one person without reading their ended memberships.
-- left_version is in the index so that it alone answers the count.
CREATE INDEX memberships_open ON memberships (user_id, group_id, left_version) WHERE left_version IS NULL;
