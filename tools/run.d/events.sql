CREATE TABLE demo.events
ENGINE = MergeTree ORDER BY (site, time)
AS SELECT
    toDateTime('2026-01-01 00:00:00') + number % 2592000 AS time,
    toUInt16(intHash32(number) % 1000) AS site,
    toUInt32(intHash64(number) % 1000000) AS user,
    concat('/page/', toString(intHash32(number * 7) % 5000)) AS url,
    toUInt32(intHash32(number * 3) % 60000) AS duration
FROM numbers(10000000)
