-- User sessions: how many bids a bidder makes until he pauses for 10 s.
CREATE TABLE bid () WITH (topic = 'nexmark.bid', watermark = 'date_time - interval ''4 s''');

CREATE MATERIALIZED VIEW q11 WITH (emit = 'changes') AS
SELECT bidder, count(*) AS bid_count, window_start, window_end
FROM bid
GROUP BY bidder, session(date_time, interval '10 s');
