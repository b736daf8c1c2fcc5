SELECT a.id, b.name FROM t a LEFT JOIN u b ON a.id = b.id AND b.x > 3 AND a.name LIKE 'x%' WHERE a.x BETWEEN 1 AND 2
