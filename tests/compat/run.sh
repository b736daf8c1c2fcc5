#!/usr/bin/env bash
# Runs the foreign clients' checks against a broker: tests/compat/run.sh BOOTSTRAP [java|kafkajs]...
# Without a broker, `tests/compat/run.sh fetch` only gets the clients, by package name, into .deps/compat, and what Spark
# (of PyPI) reads Avro, topics and S3 with, Flink, and Kafka Streams.
# Needs a JDK with Maven, and Node.js with npm (tools/deps.sh test installs them).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deps=$here/../../.deps/compat
bootstrap=$1
shift
[ "$bootstrap" != fetch ] || [ $# -gt 0 ] || set -- java kafkajs spark s3a flink hive avro streams
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

# The class of one folder here, where its source is newer.
compile() {
  mkdir -p "$deps/$2"
  if [ ! -f "$deps/$2/$3.class" ] || [ "$here/$1/$3.java" -nt "$deps/$2/$3.class" ]; then
    javac -cp "$deps/$1/*" -d "$deps/$2" "$here/$1/$3.java"
  fi
}

fetch_java() { fetch_jars java "the Java client"; }
fetch_streams() {
  fetch_jars streams "Kafka Streams"
  compile streams streams-classes Streams
}
fetch_avro() { fetch_jars avro "Apache Avro for Java"; }
fetch_s3a() { fetch_jars s3a "what Spark reads S3 with"; }
fetch_hive() { fetch_jars hive "what Hive lacks in PySpark"; }
fetch_flink() {
  fetch_jars flink "Flink"
  compile flink flink-classes FlinkSql
}
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
  compile java classes Compat
  timeout 300 java -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$deps/java/*:$deps/classes" \
    Compat "$bootstrap"
}

run_kafkajs() {
  NODE_PATH=$deps/kafkajs/node_modules timeout 300 node "$here/kafkajs/compat.js" "$bootstrap"
}

status=0
for client in "$@"; do
  case $client in java | kafkajs) ;; spark | s3a | flink | hive | avro | streams) [ "$bootstrap" = fetch ] || continue ;; *) echo "unknown client '$client'; java and kafkajs are there" >&2; exit 2 ;; esac
  "fetch_$client"
  [ "$bootstrap" = fetch ] || "run_$client" || status=1
done
exit $status
