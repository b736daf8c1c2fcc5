#!/usr/bin/env bash
# Builds rdkafka_performance from librdkafka's own sources (in the npm package node-rdkafka), once, and runs bench.py.
# Usage: bench/run.sh [--quick] [PHASE...]; PYTHON names an interpreter that has confluent_kafka and psycopg2.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deps=$here/../.deps/bench
program=$deps/librdkafka/examples/rdkafka_performance
if [ ! -x "$program" ]; then
  mkdir -p "$deps"
  cd "$deps"
  tarball=$(npm pack --silent node-rdkafka@3.6.1 2>/dev/null | tail -1)
  tar xzf "$tarball" package/deps/librdkafka
  rm -rf librdkafka
  mv package/deps/librdkafka librdkafka
  (cd librdkafka && ./configure --disable-curl --disable-gssapi && make -j"$(nproc)" libs && make -C examples rdkafka_performance) >build.log 2>&1 ||
    { tail -5 build.log >&2; exit 1; }
fi
RDKAFKA_PERFORMANCE=$program exec "${PYTHON:-python3}" "$here/bench.py" "$@"
