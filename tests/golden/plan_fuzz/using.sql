SELECT id, t.name, u.x FROM t FULL JOIN u USING (id)
