-- Pass through: what reading, copying and writing take.
CREATE TABLE bid () WITH (topic = 'nexmark.bid', watermark = 'date_time - interval ''4 s''');

CREATE MATERIALIZED VIEW q0 WITH (emit = 'changes') AS
SELECT auction, bidder, price, channel, url, date_time, extra
FROM bid;
