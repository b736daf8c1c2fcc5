CREATE TABLE c (id int8, name text, PRIMARY KEY (id))
