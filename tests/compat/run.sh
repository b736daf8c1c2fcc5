#!/usr/bin/env bash
# Runs the foreign clients' checks against a broker: tests/compat/run.sh BOOTSTRAP [java|kafkajs]...
# Without a broker, `tests/compat/run.sh fetch` only gets the clients, by package name, into .deps/compat, and what Spark
# (of PyPI) reads Avro and topics with.
# Needs a JDK with Maven, and Node.js with npm (tools/deps.sh test installs them).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deps=$here/../../.deps/compat
bootstrap=$1
shift
[ "$bootstrap" != fetch ] || [ $# -gt 0 ] || set -- java kafkajs spark avro
[ $# -gt 0 ] || set -- java kafkajs
mkdir -p "$deps"

# What a pom.xml here names, by Maven.
fetch_jars() {
  cmp -s "$here/$1/pom.xml" "$deps/$1/pom.xml" && return
  echo "   fetching $2"
  rm -rf "$deps/$1" "$deps/$1.part"
  mvn -B -q -f "$here/$1/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$deps/$1.part" >&2
  cp "$here/$1/pom.xml" "$deps/$1.part/"
  mv "$deps/$1.part" "$deps/$1"
}

fetch_java() { fetch_jars java "the Java client"; }
fetch_avro() { fetch_jars avro "Apache Avro for Java"; }
fetch_spark() { fetch_jars spark "Spark's readers of Avro and of topics"; }

fetch_kafkajs() {
  cmp -s "$here/kafkajs/package.json" "$deps/kafkajs/fetched.json" && return
  echo "   fetching kafkajs"
  rm -rf "$deps/kafkajs"
  mkdir -p "$deps/kafkajs"
  cp "$here/kafkajs/package.json" "$deps/kafkajs/"
  (cd "$deps/kafkajs" && npm install --no-audit --no-fund --silent)
  cp "$here/kafkajs/package.json" "$deps/kafkajs/fetched.json"
}

run_java() {
  mkdir -p "$deps/classes"
  if [ ! -f "$deps/classes/Compat.class" ] || [ "$here/java/Compat.java" -nt "$deps/classes/Compat.class" ]; then
    javac -cp "$deps/java/*" -d "$deps/classes" "$here/java/Compat.java"
  fi
  timeout 300 java -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$deps/java/*:$deps/classes" \
    Compat "$bootstrap"
}

run_kafkajs() {
  NODE_PATH=$deps/kafkajs/node_modules timeout 300 node "$here/kafkajs/compat.js" "$bootstrap"
}

status=0
for client in "$@"; do
  case $client in java | kafkajs) ;; spark | avro) [ "$bootstrap" = fetch ] || continue ;; *) echo "unknown client '$client'; java and kafkajs are there" >&2; exit 2 ;; esac
  "fetch_$client"
  [ "$bootstrap" = fetch ] || "run_$client" || status=1
done
exit $status
