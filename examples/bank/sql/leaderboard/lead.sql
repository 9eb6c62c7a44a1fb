-- $1 position, $2 time: who leads now, unless it is who led before
INSERT INTO leads (position, at, account, cents)
SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), richest.account, richest.cents
FROM (SELECT account, cents FROM leaderboard ORDER BY cents DESC, account LIMIT 1) AS richest
WHERE richest.cents > 0
    AND richest.account <> COALESCE(
        (SELECT account FROM leads ORDER BY position DESC LIMIT 1), '')
