UPDATE accounts SET balance = 200 WHERE id = 7;
UPDATE accounts SET balance = 150 WHERE id = 6;
UPDATE accounts SET owner = 'Bo & Cleo' WHERE id = 7;
DELETE FROM accounts WHERE id = 7;
INSERT INTO accounts VALUES (7, 'Dan', 0);
