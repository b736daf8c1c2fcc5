#!/usr/bin/env bash
# Runs the foreign clients' checks against a broker: tests/compat/run.sh BOOTSTRAP [java|kafkajs]...
# Needs a JDK with Maven, and Node.js with npm; fetches the clients by package name into .deps/compat.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deps=$here/../../.deps/compat
bootstrap=$1
shift
[ $# -gt 0 ] || set -- java kafkajs
mkdir -p "$deps"
status=0
for client in "$@"; do
  case $client in
    java)
      if [ ! -d "$deps/java" ]; then
        mvn -B -q -f "$here/java/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
          -DoutputDirectory="$deps/java.part" && mv "$deps/java.part" "$deps/java"
      fi
      mkdir -p "$deps/classes"
      javac -cp "$deps/java/*" -d "$deps/classes" "$here/java/Compat.java"
      timeout 300 java -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$deps/java/*:$deps/classes" Compat "$bootstrap" || status=1
      ;;
    kafkajs)
      if [ ! -d "$deps/kafkajs/node_modules" ]; then
        mkdir -p "$deps/kafkajs"
        cp "$here/kafkajs/package.json" "$deps/kafkajs/"
        (cd "$deps/kafkajs" && npm install --no-audit --no-fund --silent)
      fi
      NODE_PATH=$deps/kafkajs/node_modules timeout 300 node "$here/kafkajs/compat.js" "$bootstrap" || status=1
      ;;
    *)
      echo "unknown client '$client'; java and kafkajs are there" >&2
      exit 2
      ;;
  esac
done
exit $status
