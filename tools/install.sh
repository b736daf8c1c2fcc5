#!/usr/bin/env bash
# Copies what was built under a prefix: tools/install.sh PREFIX
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=$1
install -D -m 755 -s build/sluice "$prefix/bin/sluice"
# The Parquet module finds Arrow's libraries beside itself; in the build they are links.
install -D -m 644 -s build/lib/sluice/libsluice_parquet.so "$prefix/lib/sluice/libsluice_parquet.so"
for library in build/lib/sluice/libarrow.so.* build/lib/sluice/libparquet.so.*; do
  install -m 644 "$library" "$prefix/lib/sluice/"
done
for notice in .deps/pyarrow-*/pyarrow-*.dist-info/licenses/*; do
  install -D -m 644 "$notice" "$prefix/share/doc/sluice/arrow/$(basename "$notice")"
done
for page in README.md docs/*.md LICENSE; do
  [ "$page" = docs/README.md ] || install -D -m 644 "$page" "$prefix/share/doc/sluice/$(basename "$page")"
done
completion() {
  mkdir -p "$(dirname "$prefix/share/$2")"
  build/sluice completion "$1" > "$prefix/share/$2"
}
completion bash bash-completion/completions/sluice
completion zsh zsh/vendor-completions/_sluice
completion fish fish/vendor_completions.d/sluice.fish
echo "installed $prefix/bin/sluice"
