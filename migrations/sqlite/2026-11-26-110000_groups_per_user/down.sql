DROP INDEX memberships_open;
