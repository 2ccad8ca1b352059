-- When the token that told a name was issued, in milliseconds since 1970: of two names of one person the newer one stays.
-- Names that were told before this column count as the oldest.
ALTER TABLE names ADD COLUMN issued_at INTEGER NOT NULL DEFAULT 0;
