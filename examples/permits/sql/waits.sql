-- Per step: how often it was waited for, the median, the mean and the longest, in microseconds.
SELECT
    step,
    times,
    (MIN(CASE WHEN place = (times + 1) / 2 THEN waited END)
        + MIN(CASE WHEN place = times / 2 + 1 THEN waited END)) / 2,
    CAST(SUM(waited) AS BIGINT) / times,
    MAX(waited)
FROM (
    SELECT
        step,
        waited,
        ROW_NUMBER() OVER (PARTITION BY step ORDER BY waited) AS place,
        COUNT(*) OVER (PARTITION BY step) AS times
    FROM permit_waits
) AS ranked
GROUP BY step, times
