"""The places of archives, each a real server behind a proxy that can break its requests, and what stands in them."""
import json
import os
import shutil
import urllib.parse
import urllib.request

from fault_proxy import FaultProxy
from hdfs import Hdfs
from s3_server import S3Server


class LocalPlace:
    name = "local"
    environment = {}
    proxy = None
    server_faults = ()

    def __init__(self, directory):
        self.url = os.path.join(directory, "archive")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def folder(self):
        """A local folder with the archive as it is now."""
        return self.url


class S3Place:
    name = "s3"
    server_faults = ("server",)

    def __init__(self, directory):
        self.server = S3Server(directory)
        self.environment = self.server.environment

    def __enter__(self):
        self.server.start()
        self.proxy = FaultProxy("127.0.0.1", self.server.port).__enter__()
        self.url = f"s3://archive/lake?region={self.server.region}&endpoint={self.proxy.url}"
        return self

    def __exit__(self, *_):
        self.proxy.__exit__()
        self.server.kill()

    def folder(self):
        return os.path.join(self.server.data, "archive", "lake")

    def kill(self, what):
        self.server.kill()

    def mend(self, what):
        self.server.start()


class HdfsPlace:
    name = "hdfs"
    environment = {}
    server_faults = ("datanode", "namenode")

    def __init__(self, directory):
        self.directory = directory
        self.hdfs = Hdfs(directory, gateway=False)
        self.copies = 0

    def __enter__(self):
        self.hdfs.start()
        host, port = self.hdfs.address.split(":")
        self.proxy = FaultProxy(host, int(port)).__enter__()
        self.url = f"hdfs://127.0.0.1:{self.proxy.port}/lake?user=etl"
        return self

    def __exit__(self, *_):
        self.proxy.__exit__()
        self.hdfs.stop()

    def kill(self, what):
        self.hdfs.kill(what)

    def mend(self, what):
        self.hdfs.start_again(what)

    def _ask(self, path, operation):
        url = f"http://{self.hdfs.address}/webhdfs/v1{urllib.parse.quote(path)}?op={operation}&user.name=etl"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()

    def _copy(self, path, to):
        os.makedirs(to, exist_ok=True)
        for entry in json.loads(self._ask(path, "LISTSTATUS"))["FileStatuses"]["FileStatus"]:
            name = entry["pathSuffix"]
            if entry["type"] == "DIRECTORY":
                if name != "tmp":
                    self._copy(f"{path}/{name}", os.path.join(to, name))
            else:
                with open(os.path.join(to, name), "wb") as file:
                    file.write(self._ask(f"{path}/{name}", "OPEN"))

    def folder(self):
        to = os.path.join(self.directory, "copy")
        shutil.rmtree(to, ignore_errors=True)
        self._copy("/lake", to)
        return to


PLACES = {place.name: place for place in (LocalPlace, S3Place, HdfsPlace)}
