-- What a command asked for, hashed; NULL for those that came without.

ALTER TABLE commands ADD COLUMN digest BLOB;
