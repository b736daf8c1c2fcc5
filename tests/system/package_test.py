"""`make install` and `make package`, of the program that is built: what lies where, and that it runs from there."""
import os
import re
import subprocess
import urllib.request

from harness import ROOT, SLUICE, Checks, free_port, temporary_directory, wait_until


def needs_the_build():
    assert os.path.abspath(SLUICE) == os.path.join(ROOT, "build", "sluice"), "the scripts take build/sluice"


def out(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120).stdout


def complete(prefix):
    for path in ("bin/sluice", "share/doc/sluice/README.md", "share/doc/sluice/LICENSE", "share/doc/sluice/configuration.md",
                 "share/doc/sluice/metrics.md", "share/doc/sluice/operations.md", "share/bash-completion/completions/sluice",
                 "share/zsh/vendor-completions/_sluice", "share/fish/vendor_completions.d/sluice.fish",
                 "share/doc/sluice/arrow/LICENSE.txt"):
        assert os.path.getsize(os.path.join(prefix, path)) > 0, path
    parquet(prefix + "/lib/sluice")
    assert out(f"{prefix}/bin/sluice", "version") == out(SLUICE, "version")


def parquet(folder):
    """The module finds Arrow beside itself and nowhere else, and is one that the program's loader takes."""
    module = folder + "/libsluice_parquet.so"
    assert not any(os.path.islink(os.path.join(folder, name)) for name in os.listdir(folder))
    assert re.search(r"RUNPATH\s+\$ORIGIN$", out("objdump", "-p", module), re.M)
    found = dict(re.findall(r"(lib(?:arrow|parquet)\.so\.\d+) => (\S+)", out("ldd", module)))
    assert len(found) == 2 and all(os.path.dirname(path) == folder for path in found.values()), found
    program = os.path.join(ROOT, "build", "bin", "parquet_rows")
    done = subprocess.run([program, "read", "/nowhere", "/nowhere"], env=dict(os.environ, SLUICE_PARQUET_MODULE=module),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.startswith("not_found: there is no /nowhere"), done.stderr  # the module's answer


def install():
    needs_the_build()
    with temporary_directory() as directory:
        # What make hands to the script, without building again.
        line = out("make", "-n", "install", "PREFIX=/opt/x", f"DESTDIR={directory}")
        script = re.search(r'^tools/install.sh "(.*)"$', line, re.M)
        assert script and script[1] == directory + "/opt/x", line
        out("tools/install.sh", script[1])
        complete(directory + "/opt/x")
        out("tools/install.sh", script[1])  # again, over itself


def package():
    needs_the_build()
    deb = os.path.join(ROOT, out("tools/package.sh").strip())
    with temporary_directory() as root:
        out("dpkg-deb", "-x", deb, root)
        complete(root + "/usr")
        depends = out("dpkg-deb", "-f", deb, "Depends")
        for name in depends.strip().split(", "):
            assert out("dpkg-query", "-W", "-f", "${Status}", name) == "install ok installed", name
        assert "libpq5" in depends and "libyaml-cpp0.7" in depends, depends
        # What it links is what it depends on.
        assert "not found" not in out("ldd", root + "/usr/bin/sluice")
        assert out("dpkg-deb", "-I", deb, "conffiles") == "/etc/sluice/sluice.yaml\n"
        names = out("dpkg-deb", "-c", deb)
        assert "root/root" in names and not re.search(r"^-rw....w", names, re.M), names
        service(root)


def service(root):
    """The unit's own command line, below another root and with ports of ours."""
    with open(root + "/lib/systemd/system/sluice.service") as file:
        unit = dict(re.findall(r"^(\w+)=(.*)$", file.read(), re.M))
    command = re.sub(r"(^| )/", rf"\1{root}/", unit["ExecStart"]).split()
    admin = free_port()
    data = os.path.join(root, "var/lib/sluice")
    os.makedirs(data)
    command += ["--data", data + "/data", "--listen", f"admin=127.0.0.1:{admin}", "--listen", "kafka=127.0.0.1:0", "--listen", "registry=127.0.0.1:0"]
    process = subprocess.Popen(command, cwd=data, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def healthy():
        assert process.poll() is None, process.returncode
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{admin}/healthz", timeout=5).read() == b"ok\n"
        except OSError:
            return False

    try:
        wait_until(healthy, 30, "the service answers")
        process.terminate()
        assert process.wait(float(unit["TimeoutStopSec"])) == 0
    finally:
        process.kill()
        process.wait()


checks = Checks()
checks.run("make install puts program, pages and completions where they belong", install)
checks.run("make package makes a .deb whose service starts", package)
checks.finish()
