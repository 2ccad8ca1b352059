-- Whether the member has made a change of the group since they joined: only then do they count as acquainted with its members
-- (GROUPS_NAME_VISIBILITY). For the memberships of before, the kept log tells, and the creator is the first of version 1.
ALTER TABLE memberships ADD COLUMN acted INTEGER NOT NULL DEFAULT 0 CHECK (acted IN (0, 1));
UPDATE memberships SET acted = 1 FROM groups AS g
  WHERE memberships.group_id = g.id AND memberships.joined_version = 1 AND memberships.ordinal = 0 AND memberships.left_version IS NULL;
UPDATE memberships SET acted = 1 FROM (SELECT DISTINCT group_id, actor_id FROM log) AS l
  WHERE memberships.group_id = l.group_id AND memberships.user_id = l.actor_id AND memberships.left_version IS NULL;
-- In which groups somebody has acted.
-- The other columns are in the index so that it alone answers the question.
CREATE INDEX memberships_acted ON memberships (user_id, group_id, acted, left_version) WHERE acted AND left_version IS NULL;
