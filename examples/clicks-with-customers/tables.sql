CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, country text);
INSERT INTO customers VALUES (1, 'Ann', 'NO'), (2, 'Bo', 'SE'), (3, 'Cleo', 'NO'), (4, 'Dan', NULL);
