-- A bidder's last bid on each auction.
CREATE TABLE bid () WITH (topic = 'nexmark.bid', watermark = 'date_time - interval ''4 s''');

CREATE MATERIALIZED VIEW q18 WITH (emit = 'changes') AS
SELECT DISTINCT ON (bidder, auction) auction, bidder, price, channel, url, date_time, extra
FROM bid
ORDER BY bidder, auction, date_time DESC;
