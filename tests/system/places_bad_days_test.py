"""Bad days of a sink's place: it says what is wrong and what to do, the log and the other sink go on, and when the cause is
gone it recovers by itself, with every row once.

    places_bad_days_test.py [--place hdfs|s3]
"""
import argparse
import glob
import os
import shutil
import sys

from harness import Checks, temporary_directory, wait_until
from places import HdfsPlace, S3Place
from places_test import Lake


def stage(lake, name):
    return next((s for s in lake.sluice.status().get("stages", []) if s["name"] == name), {"state": "", "error": "", "hint": "", "items": []})


def archived(lake, name):
    return sum(item["offset"] for item in stage(lake, name)["items"])


def day(lake, broken, mended, *words):
    """Breaks, looks, mends, compares."""
    producer = lake.producer()
    lake.produce(producer, 300)
    lake.compare()
    broken()
    try:
        before = archived(lake, "beside")
        lake.produce(producer, 300)  # the log takes it
        wait_until(lambda: archived(lake, "beside") >= before + 300, 30, "the other sink goes on", every=0.2)
        told = {}

        def says():
            told.update(stage(lake, "lake"))
            text = told["error"] + " " + told["hint"]
            return told["state"] in ("waiting", "starting", "failed") and told["error"] and told["hint"] and all(word in text for word in words)

        wait_until(says, 60, f"the sink says {words}; it says {told}", every=0.2)
        assert told["state"] != "failed", told
        shown = lake.sluice.run("status", "lake").stdout
        assert "what to do" in shown, shown
    except AssertionError:
        print(f"the sink said: {told}")
        raise
    finally:
        mended()
    lake.compare()


def with_lake(kind, directory, file_format, days):
    with kind(directory) as place:
        lake = Lake(directory, place, file_format)
        lake.sluice.start()
        try:
            lake.register()
            days(place, lake)
        except BaseException:
            print(lake.sluice.tail())
            raise
        finally:
            lake.sluice.kill()


def s3_days(place, lake):
    server = place.server

    def other_secret(secret):
        server.kill()
        server.secret_key = secret
        server.start()

    day(lake, lambda: other_secret("changed"), lambda: other_secret("testsecret"), "credentials")
    bucket = os.path.join(server.data, "archive")
    day(lake, lambda: os.rename(bucket, bucket + "-away"), lambda: (shutil.rmtree(bucket, ignore_errors=True), os.rename(bucket + "-away", bucket)),
        "bucket")
    day(lake, lambda: place.proxy.arm("slow_down", 1, 10**9), place.proxy.disarm, "SlowDown")
    day(lake, server.kill, server.start, "127.0.0.1")
    day(lake, lambda: place.proxy.arm("after", 1, 10**9), place.proxy.disarm)
    lost_uploads(place, lake)


def lost_uploads(place, lake):
    """Killed between a commit's record and its files, and away for so long that the bucket aborts the uploads."""
    records = os.path.join(place.folder(), "_sluice", "events", "*", "*.json")
    before = set(glob.glob(records))
    place.proxy.arm("before", 1, 10**9, only="?uploadId=")  # no upload is completed
    lake.produce(lake.producer(), 300)
    wait_until(lambda: set(glob.glob(records)) - before, 30, "a roll is committed")
    lake.sluice.kill()
    place.proxy.disarm()
    aborted = place.server.abort_uploads("archive")
    assert aborted > 0
    missing = lake.sluice.run("verify", place.url)
    assert missing.returncode != 0 and "missing" in missing.stdout, missing.stdout
    lake.sluice.start()
    records, files = lake.compare()
    assert "archived again" in lake.sluice.tail(1 << 20), lake.sluice.tail()
    print(f"      {aborted} uploads aborted; {records} records in {files} files, once each")


def hdfs_days(place, lake):
    hdfs = place.hdfs
    day(lake, lambda: hdfs.command("safemode on"), lambda: hdfs.command("safemode off"), "safe mode")
    day(lake, lambda: hdfs.kill("datanode"), lambda: hdfs.start_again("datanode"))
    day(lake, lambda: hdfs.kill("namenode"), lambda: hdfs.start_again("namenode"), "127.0.0.1")
    day(lake, lambda: hdfs.command("chmod 0000 /lake"), lambda: hdfs.command("chmod 0777 /lake"))


DAYS = {"s3": (S3Place, s3_days), "hdfs": (HdfsPlace, hdfs_days)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--place", choices=DAYS, action="append")
    checks = Checks()
    for name in parser.parse_args().place or DAYS:
        kind, days = DAYS[name]
        with temporary_directory() as directory:
            checks.run(f"bad days of {name}: said, waited for, and recovered from by itself", with_lake, kind, directory,
                       "parquet" if name == "s3" else "avro", days)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
