-- $1 position
DELETE FROM statements WHERE position > $1
