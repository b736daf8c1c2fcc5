#!/usr/bin/env bash
# Copies the Avro library (docs/avro.md) under a prefix: its headers, one archive, and what pkg-config tells of it.
# Usage: tools/install_avro.sh PREFIX [BUILD]
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=$1
build=${2:-build}
headers=(
  base/{bytes,check,error,result}.h
  avro/{compatibility,compiled,encoder,json,limit,program,resolution,resolved_program,schema,single_object,sort_order,utf8,varint}.h
  avro/container/{byte_stream,codec,container_reader,container_writer}.h
)
for header in "${headers[@]}"; do
  install -D -m 644 "src/$header" "$prefix/include/sluice/$header"
done
mkdir -p "$prefix/lib/pkgconfig"
archive=$prefix/lib/libsluice_avro.a
rm -f "$archive"
printf '%s\n' "create $archive" "addlib $build/lib/libsluice_avro_container.a" "addlib $build/lib/libsluice_avro.a" \
  "addlib $build/lib/libsluice_base.a" save end | ar -M
strip --strip-debug "$archive"
cat > "$prefix/lib/pkgconfig/sluice-avro.pc" <<END
prefix=\${pcfiledir}/../..

Name: sluice-avro
Description: Avro for C++: schemas, data, resolution, container files
Version: $(sed -n 's/^project(sluice VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
Cflags: -I\${prefix}/include/sluice
Libs: -L\${prefix}/lib -lsluice_avro -lboost_json -lcrypto -ldeflate -lsnappy -lbz2 -llzma -lzstd
END
