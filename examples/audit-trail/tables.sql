CREATE TABLE accounts (id int PRIMARY KEY, owner text NOT NULL, balance numeric(12, 2) NOT NULL);
INSERT INTO accounts VALUES (6, 'Ann', 100), (7, 'Bo', 250);
