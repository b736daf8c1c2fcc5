#!/usr/bin/env bash
# Apache Arrow C++ for the Parquet module, out of PyPI's wheel `pyarrow`: headers and two libraries, unpacked once into
# .deps/pyarrow-VERSION. Silent when it is there.
#
# Debian 12 has no Arrow. The manylinux_2_28 wheels have libstdc++'s new ABI, as g++ 12; one tag for every machine, so
# that the bytes do not depend on the Python at hand.
set -euo pipefail
cd "$(dirname "$0")/.."
version=26.0.1  # as cmake/arrow.cmake has it
case $(uname -m) in
  x86_64) hash=39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c ;;
  aarch64) hash=22a96a225de107eb9acd1ad9a818198ca832df2a4c0952412f754a7ed2105a98 ;;
  *) echo "tools/arrow.sh: there is no wheel of pyarrow $version for $(uname -m): Parquet cannot be built" >&2; exit 1 ;;
esac
folder=.deps/pyarrow-$version
[ ! -e "$folder/complete" ] || exit 0

echo "   fetching Arrow $version into $folder"
mkdir -p .deps
scratch=$(mktemp -d .deps/pyarrow-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
echo "pyarrow==$version --hash=sha256:$hash" > "$scratch/requirements.txt"
python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes --dest "$scratch" \
  --implementation cp --python-version 3.11 --abi cp311 --platform "manylinux_2_28_$(uname -m)" -r "$scratch/requirements.txt"
python3 - "$scratch" <<'END'
import glob, re, sys, zipfile
wanted = re.compile(r"pyarrow/(include/(arrow|parquet)/.*|lib(arrow|parquet)\.so\.\d+|.*LICENSE.*)|pyarrow-.*/LICENSE.*|pyarrow-.*/NOTICE.*")
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as wheel:
    wheel.extractall(sys.argv[1], [name for name in wheel.namelist() if wanted.fullmatch(name)])
END
rm -f "$scratch"/*.whl
touch "$scratch/complete"
rm -rf "$folder"
chmod 755 "$scratch"
mv "$scratch" "$folder"
trap - EXIT
