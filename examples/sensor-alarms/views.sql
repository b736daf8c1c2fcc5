CREATE TABLE readings (sensor text, celsius float8, ts timestamptz)
  WITH (topic = 'readings', watermark = 'ts - interval ''10 s''');

-- One row a sensor and minute, when the minute is over: what comes later is in the topic alarms.late.
CREATE MATERIALIZED VIEW alarms WITH (emit = 'final') AS
  SELECT sensor, window_start AS minute, count(*) AS readings, max(celsius) AS hottest
  FROM readings
  WHERE celsius > 70
  GROUP BY sensor, tumble(ts, interval '1 minute')
  HAVING count(*) >= 3;
