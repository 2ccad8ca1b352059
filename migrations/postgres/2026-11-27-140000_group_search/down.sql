DROP INDEX groups_search;
