"""Java projects of the benchmarks: what a pom.xml names is fetched by Maven into .deps/bench, the sources beside it are compiled."""
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def text_of(path):
    with open(path) as file:
        return file.read()


def jars(project, name):
    """The folder of the jars of `project`/pom.xml; fetched when the pom.xml has changed."""
    folder, pom = os.path.join(HERE, "..", ".deps", "bench", name, "jars"), os.path.join(project, "pom.xml")
    if not os.path.exists(f"{folder}/pom.xml") or text_of(f"{folder}/pom.xml") != text_of(pom):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["mvn", "-B", "-q", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime",
                        f"-DoutputDirectory={folder}"], check=True, stdout=sys.stderr)
        shutil.copy(pom, folder)
    return folder


def compile_into(classes, project, folder):
    subprocess.run(["javac", "-cp", f"{folder}/*", "-d", classes, *glob.glob(os.path.join(project, "*.java"))], check=True)
