ALTER TABLE names DROP COLUMN issued_at;
