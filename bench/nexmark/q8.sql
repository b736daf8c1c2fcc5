-- New users: who came and sold something within the same 10 s.
CREATE TABLE person () WITH (topic = 'nexmark.person', watermark = 'date_time - interval ''4 s''');
CREATE TABLE auction () WITH (topic = 'nexmark.auction', watermark = 'date_time - interval ''4 s''');

CREATE MATERIALIZED VIEW q8 WITH (emit = 'changes') AS
SELECT p.id, p.name, p.window_start
FROM (SELECT id, name, window_start FROM person GROUP BY id, name, tumble(date_time, interval '10 s')) p
JOIN (SELECT seller, window_start FROM auction GROUP BY seller, tumble(date_time, interval '10 s')) a
  ON p.id = a.seller AND p.window_start = a.window_start;
