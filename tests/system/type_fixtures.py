"""Types of PostgreSQL and values of them, for types_test.py.

Each entry is (SQL type, how it goes into Avro, values as SQL literals, more literals that Avro's type cannot hold). How is one
of: boolean, number, float32, float64, text, bytes, decimal, date, time, timestamp, and [how] for arrays.
"""

SETUP = """
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'o''k', 'happy day');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN very_positive AS positive CHECK (value > 10);
CREATE DOMAIN price AS numeric(10,2);
CREATE DOMAIN prices AS numeric(10,2)[];
CREATE DOMAIN a_mood AS mood;
"""

LONG = "repeat('äbc\\', 3000)"
TYPES = [
    ("boolean", "boolean", ["true", "false"], []),
    ("int2", "number", ["-32768", "32767", "0"], []),
    ("int4", "number", ["-2147483648", "2147483647", "-1"], []),
    ("int8", "number", ["-9223372036854775808", "9223372036854775807", "63", "64"], []),
    ("float4", "float32", ["1.1", "-0.0", "'NaN'", "'Infinity'", "3.4028235e38", "1e-45", "1.17549435e-38", "16777217"], []),
    ("float8", "float64", ["0.1", "-0.0", "'NaN'", "'-Infinity'", "1.7976931348623157e308", "5e-324", "2.2250738585072011e-308", "1e22"], []),
    ("text", "text", ["''", "'tab\there'", "E'line\\nfeed\\r\\t\\\\ \\b\\f\\v \\x01'", "'\\N'", "'\\.'", "'Ä€😀'", LONG, "'NULL'"], []),
    ("varchar(10)", "text", ["'ten       '", "''"], []),
    ("char(5)", "text", ["'a'", "'abcde'"], []),
    ("name", "text", ["'a name'"], []),
    ('"char"', "text", ["'x'", "'\\001'"], []),
    ("citext", "text", ["'MiXed'"], []),
    ("bytea", "bytes", ["''", "'\\x00ff5c'", "decode(md5('x'), 'hex')", "decode(repeat('00ff10', 4000), 'hex')"], []),
    ("numeric(10,2)", "decimal", ["0", "-0.01", "99999999.99", "-99999999.99", "1.28", "-1.28", "327.68", "1.27"], ["'NaN'"]),
    ("numeric(5,5)", "decimal", ["0.00001", "-0.99999"], ["'NaN'"]),
    ("numeric(100,40)", "decimal", ["1e59", "-1e-40", "123456789012345678901234567890.123456789"], ["'NaN'"]),
    ("numeric(1000,0)", "decimal", ["repeat('9', 1000)::numeric", "-1"], []),
    ("numeric(3,-2)", "text", ["12345", "'NaN'"], []),
    ("numeric(2,4)", "text", ["0.0012"], []),
    ("numeric", "text", ["1e100", "'Infinity'", "'NaN'", "1.10", "-0.000"], []),
    ("money", "text", ["12.34", "'-1234567.89'"], []),
    ("date", "date", ["'1970-01-01'", "'0001-01-01'", "'0044-03-15 BC'", "'4713-01-01 BC'", "'5874897-12-31'", "'2024-02-29'", "'1900-03-01'"],
     ["'infinity'", "'-infinity'"]),
    ("time", "time", ["'00:00:00'", "'23:59:59.999999'", "'12:00:00.5'"], ["'24:00:00'"]),
    ("time(3)", "time", ["'01:02:03.456789'"], []),
    ("timetz", "text", ["'12:00:00.123456+05:30'", "'24:00:00-12'"], []),
    ("timestamp", "timestamp", ["'1970-01-01'", "'1969-12-31 23:59:59.999999'", "'0001-01-01 BC'", "'9999-12-31 23:59:59.999999'", "'4713-01-01 BC'",
                                "'200000-01-01 00:00:00.000001'"],
     ["'infinity'", "'-infinity'", "'294276-12-31 23:59:59.999999'"]),
    ("timestamptz", "timestamp", ["'1970-01-01 00:00+00'", "'2026-07-01 12:00:00.000001+02'", "'0100-01-01 BC'", "'1883-11-18 12:00 America/New_York'"],
     ["'infinity'", "'-infinity'", "'294276-12-31 23:59:59.999999+00'"]),
    ("timestamptz(0)", "timestamp", ["'2026-07-01 12:00:00.6+02'"], []),
    ("interval", "text", ["'1 year -2 mons 3 days 04:05:06.789'", "'-00:00:00.000001'", "'0'"], []),
    ("uuid", "text", ["'00112233-4455-6677-8899-AABBCCDDEEFF'"], []),
    ("json", "text", ["'{\"b\": 1,  \"a\": [null, 1.0] }'", "'\"\\u00e4\"'"], []),
    ("jsonb", "text", ["'{\"b\": 1,  \"a\": [null, 1.00], \"b\": 2}'", "'1e400'"], []),
    ("jsonpath", "text", ["'$.a[*]'"], []),
    ("xml", "text", ["'<a b=\"c\">ä</a>'"], []),
    ("mood", "text", ["'sad'", "'o''k'", "'happy day'"], []),
    ("positive", "number", ["7"], []),
    ("very_positive", "number", ["11"], []),
    ("price", "decimal", ["1.5"], ["'NaN'"]),
    ("a_mood", "text", ["'sad'"], []),
    ("pair", "text", ["ROW(1, 'x,\"y')", "ROW(NULL, '')"], []),
    ("hstore", "text", ["'a=>1, \"b c\"=>NULL'"], []),
    ("ltree", "text", ["'Top.Science'"], []),
    ("int4range", "text", ["'[1,5]'", "'empty'", "'(,3)'"], []),
    ("numrange", "text", ["'[1.5,2.50)'"], []),
    ("tstzrange", "text", ["'[2026-01-01 00:00+00,infinity)'"], []),
    ("daterange", "text", ["'[2026-01-01,2026-02-01)'"], []),
    ("int4multirange", "text", ["'{[1,3),[5,7)}'"], []),
    ("point", "text", ["'(0.1,1e-300)'"], []),
    ("line", "text", ["'{1,2,3}'"], []),
    ("lseg", "text", ["'[(0,0),(1,1)]'"], []),
    ("box", "text", ["'(1,1),(0,0)'"], []),
    ("path", "text", ["'((0,0),(1,1))'", "'[(0,0),(1,1)]'"], []),
    ("polygon", "text", ["'((0,0),(1,1),(1,0))'"], []),
    ("circle", "text", ["'<(0,0),0.1>'"], []),
    ("inet", "text", ["'10.0.0.1'", "'10.0.0.1/8'", "'::1'"], []),
    ("cidr", "text", ["'10.0.0.0/8'", "'10.0.0.1/32'"], []),
    ("macaddr", "text", ["'08:00:2b:01:02:03'"], []),
    ("macaddr8", "text", ["'08:00:2b:01:02:03:04:05'"], []),
    ("bit(3)", "text", ["B'101'"], []),
    ("varbit", "text", ["B''", "B'1'"], []),
    ("tsvector", "text", ["'a fat:2 cat:3A'"], []),
    ("tsquery", "text", ["'fat & (rat | !cat)'"], []),
    ("oid", "text", ["4294967295"], []),
    ("xid8", "text", ["'5000000000'"], []),
    ("pg_lsn", "text", ["'16/B374D848'"], []),
    ("regclass", "text", ["'pg_catalog.pg_class'"], []),
    ("int2vector", "text", ["'1 2 3'"], []),
    ("oidvector", "text", ["'1 2'"], []),
    ("int4[]", ["number"], ["'{}'", "'{1,NULL,-3}'"], ["'{{1,2},{3,4}}'", "'[0:1]={1,2}'"]),
    ("int8[]", ["number"], ["'{9223372036854775807}'"], []),
    ("text[]", ["text"], ["ARRAY['', 'NULL', NULL, 'a,b', 'a\"b', 'a\\b', '{}', ' x ', 'ä']", f"ARRAY[{LONG}]"], ["'{{a},{b}}'", "'[2:2]={a}'"]),
    ("varchar(4)[]", ["text"], ["ARRAY['abcd']"], []),
    ("bool[]", ["boolean"], ["'{t,f,NULL}'"], []),
    ("float8[]", ["float64"], ["'{0.1,NaN,-Infinity}'"], []),
    ("numeric(10,2)[]", ["decimal"], ["'{1.5,-2.25}'"], ["'{1,NaN}'"]),
    ("numeric[]", ["text"], ["'{1.50,NaN}'"], []),
    ("date[]", ["date"], ["'{2026-01-01,NULL}'"], ["'{infinity}'"]),
    ("timestamptz[]", ["timestamp"], ["'{\"2026-01-01 00:00:00.5+00\"}'"], ["'{infinity}'"]),
    ("time[]", ["time"], ["'{01:02:03}'"], ["'{24:00}'"]),
    ("uuid[]", ["text"], ["'{00112233-4455-6677-8899-aabbccddeeff}'"], []),
    ("bytea[]", ["bytes"], ["ARRAY['\\x00ff'::bytea, '']"], []),
    ("jsonb[]", ["text"], ["ARRAY['{\"a\": \"b,c\"}'::jsonb]"], []),
    ("mood[]", ["text"], ["ARRAY['sad', 'o''k', 'happy day']::mood[]"], []),
    ("pair[]", ["text"], ["ARRAY[ROW(1, 'x,y')::pair]"], []),
    ("positive[]", ["text"], ["'{1,2}'"], []),
    ("prices", ["decimal"], ["'{1.5,NULL}'"], ["'{NaN}'"]),
    ("box[]", "text", ["'{(1,1),(0,0);(3,3),(2,2)}'"], []),
]

# Types that are keys as well, with their values: each as a table of its own.
KEYS = ["boolean", "int2", "int4", "int8", "text", "varchar(10)", "char(5)", "bytea", "numeric(10,2)", "numeric", "date", "time", "timestamp",
        "timestamptz", "uuid", "mood", "price", "inet", "interval", "int4[]", "text[]", "float8", "int4range", "positive", "citext"]
