DROP TABLE links;
DROP TABLE standings;
DROP INDEX groups_directory;
ALTER TABLE groups DROP COLUMN links;
ALTER TABLE groups DROP COLUMN bans;
ALTER TABLE groups DROP COLUMN join_requests;
ALTER TABLE groups DROP COLUMN invitations;
ALTER TABLE groups DROP COLUMN join_policy;
