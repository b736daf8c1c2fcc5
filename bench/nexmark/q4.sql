-- The average of a category's winning bids: an auction's highest while it was open, so far.
CREATE TABLE bid () WITH (topic = 'nexmark.bid', watermark = 'date_time - interval ''4 s''', keep = '0 s');
CREATE TABLE auction () WITH (topic = 'nexmark.auction', key = 'id');

CREATE MATERIALIZED VIEW q4 WITH (emit = 'changes') AS
SELECT category, CAST(avg(final) AS double precision) AS average
FROM (SELECT a.id, a.category, max(b.price) AS final
      FROM bid b JOIN auction a ON b.auction = a.id
      WHERE b.date_time BETWEEN a.date_time AND a.expires
      GROUP BY a.id, a.category) winning
GROUP BY category;
