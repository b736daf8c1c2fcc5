-- Selection: the bids of some auctions.
CREATE TABLE bid () WITH (topic = 'nexmark.bid', watermark = 'date_time - interval ''4 s''');

CREATE MATERIALIZED VIEW q2 WITH (emit = 'changes') AS
SELECT auction, price
FROM bid
WHERE auction % 123 = 0;
