UPDATE products SET stock = stock - 1 WHERE id = 10;
UPDATE products SET price = 6.80 WHERE id = 10;
UPDATE categories SET name = 'green tea' WHERE id = 1;
UPDATE products SET visible = false WHERE id = 11;
UPDATE products SET visible = true WHERE id = 21;
DELETE FROM products WHERE id = 20;
