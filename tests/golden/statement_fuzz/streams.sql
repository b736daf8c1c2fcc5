CREATE TABLE shop.clicks ("Id" bigint PRIMARY KEY, price numeric(10, 0) NOT NULL, ts timestamptz, PRIMARY KEY (a, b))
WITH (topic = 'clicks', keep = 0, n = -5, f = 1.5, w = word, bare, watermark = 'ts - interval ''5 s''');
DROP TABLE t; DROP MATERIALIZED VIEW IF EXISTS v