"""Makes messages.txt anew: what a PostgreSQL server's pgoutput sends, protocol version 1, one message a line in hex.

    .deps/venv/bin/python tests/golden/pgoutput/capture.py > tests/golden/pgoutput/messages.txt
"""
import os
import sys

import psycopg2
from psycopg2.extras import LogicalReplicationConnection

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "system"))
from harness import Postgres, temporary_directory  # noqa: E402

SQL = """
CREATE TABLE keyed (id int PRIMARY KEY, "Name" varchar(10), n numeric(10,2), big text);
ALTER TABLE keyed ALTER big SET STORAGE EXTERNAL;
CREATE TABLE whole (a int, b text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE typed (id int PRIMARY KEY, m mood);
CREATE PUBLICATION p FOR TABLE keyed, whole, typed;
"""
CHANGES = [
    "INSERT INTO keyed VALUES (1, 'äb', 1.5, NULL), (2, '', -0.01, repeat('x', 2500))",
    "UPDATE keyed SET \"Name\" = 'c' WHERE id = 1",
    "UPDATE keyed SET n = 7 WHERE id = 2",            # big is unchanged TOAST
    "UPDATE keyed SET id = 3 WHERE id = 1",           # the old key
    "DELETE FROM keyed WHERE id = 3",
    "INSERT INTO whole VALUES (1, NULL)",
    "UPDATE whole SET b = 'new'",                     # the old row
    "DELETE FROM whole",
    "INSERT INTO typed VALUES (1, 'ok')",             # a Type message
    "TRUNCATE keyed, whole RESTART IDENTITY CASCADE",
    "ALTER TABLE keyed DROP COLUMN n",
    "INSERT INTO keyed VALUES (4, 'd', 'short')",
]

with temporary_directory() as directory, Postgres(directory) as server:
    server.sql(SQL)
    server.sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
    for change in CHANGES:
        server.sql(change)
    end = server.sql("SELECT pg_current_wal_lsn()")[0][0]
    high, low = end.split("/")
    connection = psycopg2.connect(host="127.0.0.1", port=server.port, user="postgres", dbname="postgres",
                                  connection_factory=LogicalReplicationConnection)
    cursor = connection.cursor()
    cursor.start_replication("s", decode=False, options={"proto_version": "1", "publication_names": "p"})
    count = 0
    while count < 100 and cursor.wal_end < (int(high, 16) << 32 | int(low, 16)) - 200:
        message = cursor.read_message()
        if message is None:
            continue
        print(message.payload.hex())
        count += 1
    connection.close()
