-- Bounded side input: each bid with what a small table says.
CREATE TABLE bid () WITH (topic = 'nexmark.bid', watermark = 'date_time - interval ''4 s''', keep = '0 s');
CREATE TABLE side () WITH (topic = 'nexmark.side', key = 'key');

CREATE MATERIALIZED VIEW q13 WITH (emit = 'changes') AS
SELECT b.auction, b.bidder, b.price, b.date_time, s.value
FROM bid b JOIN side s ON b.auction % 10000 = s.key;
