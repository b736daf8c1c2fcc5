SELECT t.id, u.id AS other, u.name FROM t, u, s WHERE t.id = u.id AND s.name = t.name AND s.x < u.x
