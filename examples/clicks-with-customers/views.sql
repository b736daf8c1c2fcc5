CREATE TABLE clicks (customer_id int8, page text, ts timestamptz)
  WITH (topic = 'clicks', watermark = 'ts - interval ''5 s''');

-- Each click beside what the shop knows of its customer.
CREATE MATERIALIZED VIEW clicks_by_country AS
  SELECT coalesce(c.country, 'unknown') AS country, count(*) AS clicks,
         count(DISTINCT k.customer_id) AS visitors, max(k.ts) AS last_click
  FROM clicks k LEFT JOIN shop.public.customers c ON c.id = k.customer_id
  WHERE k.page <> '/health'
  GROUP BY coalesce(c.country, 'unknown');
