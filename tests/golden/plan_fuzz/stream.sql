CREATE TABLE c (id int8, ts timestamptz) WITH (topic = 'x', watermark = 'ts - interval ''5 s''', keep = '1 hour', idle = '3 s')
