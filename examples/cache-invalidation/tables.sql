CREATE TABLE categories (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE products (id int PRIMARY KEY, title text NOT NULL, price numeric(9, 2) NOT NULL, stock int NOT NULL,
                       visible boolean NOT NULL DEFAULT true, category_id int NOT NULL REFERENCES categories);
INSERT INTO categories VALUES (1, 'tea'), (2, 'coffee');
INSERT INTO products VALUES (10, 'Assam', 6.50, 40, true, 1), (11, 'Sencha', 9.90, 12, true, 1), (20, 'Sidamo', 12.00, 8, true, 2),
                            (21, 'Decaf', 8.00, 3, false, 2);
