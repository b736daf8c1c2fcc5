SELECT t.id, t.name, sum(u.x) * 2 AS s FROM t JOIN u ON t.id = u.id GROUP BY t.id ORDER BY sum(u.x), lower(t.name)
