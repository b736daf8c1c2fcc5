-- Currency: prices of dollars in euros.
CREATE TABLE bid () WITH (topic = 'nexmark.bid', watermark = 'date_time - interval ''4 s''');

CREATE MATERIALIZED VIEW q1 WITH (emit = 'changes') AS
SELECT auction, bidder, 0.908 * CAST(price AS double precision) AS price, date_time, extra
FROM bid;
