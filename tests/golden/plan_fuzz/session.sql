SELECT id, window_end, avg(x) FROM s GROUP BY 1, session(ts, interval '5 s')
