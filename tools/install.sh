#!/usr/bin/env bash
# Copies what was built under a prefix: tools/install.sh PREFIX
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=$1
install -D -m 755 -s build/sluice "$prefix/bin/sluice"
for page in README.md docs/configuration.md docs/metrics.md docs/operations.md LICENSE; do
  [ ! -e "$page" ] || install -D -m 644 "$page" "$prefix/share/doc/sluice/$(basename "$page")"
done
install -d "$prefix/share/bash-completion/completions"
build/sluice completion bash > "$prefix/share/bash-completion/completions/sluice"
echo "installed $prefix/bin/sluice"
