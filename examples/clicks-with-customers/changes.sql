UPDATE customers SET country = 'DE' WHERE id = 3;
INSERT INTO customers VALUES (5, 'Eve', 'FR');
DELETE FROM customers WHERE id = 2;
