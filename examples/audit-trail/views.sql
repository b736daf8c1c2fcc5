-- The table's changes as they happened, instead of its rows as they are.
CREATE TABLE account_changes () WITH (topic = 'bank.public.accounts', read = 'changes');

CREATE MATERIALIZED VIEW account_7 AS
  SELECT CASE _op WHEN 'r' THEN 'found' WHEN 'c' THEN 'opened' WHEN 'u' THEN 'changed' ELSE 'closed' END AS what, owner, balance
  FROM account_changes
  WHERE id = 7;
