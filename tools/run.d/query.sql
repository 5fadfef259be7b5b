SELECT
    url,
    count() AS hits,
    uniqExact(user) AS users,
    quantileExact(0.95)(duration) AS p95
FROM demo.events
GROUP BY url
ORDER BY hits DESC
LIMIT 100
FORMAT JSON
