-- Hot items: every 2 s, which auctions had the most bids in the last 10 s.
CREATE TABLE bid () WITH (topic = 'nexmark.bid', watermark = 'date_time - interval ''4 s''');

CREATE MATERIALIZED VIEW q5 WITH (emit = 'final') AS
WITH counts AS (
  SELECT auction, count(*) AS num, window_start
  FROM bid
  GROUP BY auction, hop(date_time, interval '2 s', interval '10 s'))
SELECT c.window_start, c.num, c.auction
FROM counts c JOIN (SELECT window_start, max(num) AS most FROM counts GROUP BY window_start) m ON c.window_start = m.window_start
WHERE c.num >= m.most;
