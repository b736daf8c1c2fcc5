#!/usr/bin/env bash
# Runs the foreign clients' checks against a broker: tests/compat/run.sh BOOTSTRAP [java|kafkajs]...
# Without a broker, `tests/compat/run.sh fetch` only gets the clients, by package name, into .deps/compat.
# Needs a JDK with Maven, and Node.js with npm (tools/deps.sh test installs them).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deps=$here/../../.deps/compat
bootstrap=$1
shift
[ $# -gt 0 ] || set -- java kafkajs
mkdir -p "$deps"

fetch_java() {
  cmp -s "$here/java/pom.xml" "$deps/java/pom.xml" && return
  echo "   fetching the Java client"
  rm -rf "$deps/java" "$deps/java.part"
  mvn -B -q -f "$here/java/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$deps/java.part" >&2
  cp "$here/java/pom.xml" "$deps/java.part/"
  mv "$deps/java.part" "$deps/java"
}

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
  case $client in java | kafkajs) ;; *) echo "unknown client '$client'; java and kafkajs are there" >&2; exit 2 ;; esac
  "fetch_$client"
  [ "$bootstrap" = fetch ] || "run_$client" || status=1
done
exit $status
