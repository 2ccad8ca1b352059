DROP INDEX memberships_acted;
ALTER TABLE memberships DROP COLUMN acted;
