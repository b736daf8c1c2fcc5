-- No query of Nexmark's: as many keys as rows, to see how long restoring them takes.
CREATE TABLE keyed () WITH (topic = 'nexmark.key');

CREATE MATERIALIZED VIEW keys WITH (emit = 'changes') AS
SELECT key, count(*) AS n
FROM keyed
GROUP BY key;
