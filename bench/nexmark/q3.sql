-- Local item suggestion: who sells in three states, and what of category 10; two tables by a foreign key.
CREATE TABLE person () WITH (topic = 'nexmark.person', key = 'id');
CREATE TABLE auction () WITH (topic = 'nexmark.auction', key = 'id');

CREATE MATERIALIZED VIEW q3 WITH (emit = 'changes') AS
SELECT p.name, p.city, p.state, a.id
FROM auction a JOIN person p ON a.seller = p.id
WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA');
