"""A real S3 server for tests: versitygw over a folder, which checks signatures and conditions of writes."""
import os
import re
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from harness import ROOT, free_port, wait_until

PROGRAM = os.environ.get("VERSITYGW", os.path.join(ROOT, ".deps", "bin", "versitygw"))


class S3Server:
    """A context manager; `buckets` are there from the start. Kept over kill() and start(). With `tls` it has a
    certificate of its own, which `environment` trusts."""

    region, access_key, secret_key = "us-east-1", "testkey", "testsecret"

    def __init__(self, directory, buckets=("archive",), tls=False):
        if not os.path.exists(PROGRAM):
            raise AssertionError("no versitygw in .deps/bin: run tools/deps.sh test (with Go 1.25 or newer), or set VERSITYGW")
        self.directory, self.port, self.process = directory, free_port(), None
        self.data = os.path.join(directory, "s3-data")
        for folder in (os.path.join(directory, "s3-iam"), *(os.path.join(self.data, bucket) for bucket in buckets)):
            os.makedirs(folder, exist_ok=True)
        self.certificate = self.make_certificate() if tls else None

    def make_certificate(self):
        path = os.path.join(self.directory, "s3.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=s3",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path + ".key", "-out", path], check=True,
                       capture_output=True)
        return path

    @property
    def endpoint(self):
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    @property
    def environment(self):
        """What a client needs besides the URL."""
        trust = {"AWS_CA_BUNDLE": self.certificate} if self.certificate else {}
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "AWS_REGION": self.region, "AWS_EC2_METADATA_DISABLED": "true", **trust}

    def start(self):
        tls = ["--cert", self.certificate, "--key", self.certificate + ".key"] if self.certificate else []
        keys = {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}
        with open(os.path.join(self.directory, "s3.log"), "a") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--quiet", "--keep-alive", "--port", f"127.0.0.1:{self.port}", "--region", self.region, *tls,
                 "--iam-dir", os.path.join(self.directory, "s3-iam"), "posix", self.data],
                env=dict(os.environ, **keys), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self.answers, 30, "versitygw answers")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"versitygw ended with {self.process.returncode}")
        trusted = ssl.create_default_context(cafile=self.certificate) if self.certificate else None
        try:
            urllib.request.urlopen(self.endpoint, timeout=5, context=trusted).close()
        except urllib.error.HTTPError:
            return True  # it wants a signature
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def abort_uploads(self, bucket):
        """As a lifecycle rule (AbortIncompleteMultipartUpload) does after some days. Gives how many there were."""
        def ask(method, what):
            return subprocess.run(["curl", "-sS", "-f", "-X", method, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--aws-sigv4", f"aws:amz:{self.region}:s3", "--user",
                                   f"{self.access_key}:{self.secret_key}", f"{self.endpoint}/{bucket}{what}"], check=True,
                                  capture_output=True, text=True).stdout
        uploads = re.findall(r"<Upload>.*?<Key>(.*?)</Key>.*?<UploadId>(.*?)</UploadId>|<Upload>.*?<UploadId>(.*?)</UploadId>.*?<Key>(.*?)</Key>",
                             ask("GET", "?uploads="), re.DOTALL)
        for key, upload, upload_first, key_last in uploads:
            ask("DELETE", f"/{urllib.parse.quote(key or key_last)}?uploadId={upload or upload_first}")
        return len(uploads)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
