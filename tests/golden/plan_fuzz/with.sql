WITH w (k, n) AS (SELECT name, count(*) FROM t GROUP BY name) SELECT x.k, y.n + 1 AS z FROM w x JOIN w y ON x.n = y.n AND x.k = y.k
