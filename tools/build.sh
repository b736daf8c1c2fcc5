#!/usr/bin/env bash
# Configures and builds: tools/build.sh PRESET [TARGET]…
#
# `release` and `release-tests` share the folder build/: the program alone needs no test library, and what it built is
# not built again for the tests. JOBS=N limits the parallel compilers.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
jobs=${JOBS:+-j$JOBS}
strict=${CI:+-DSLUICE_WERROR=ON}  # where changes land, a warning of the product's compiler is an error
case $preset in
  release)
    # Leaves a folder that was configured for the tests as it is.
    [ -e build/build.ninja ] || cmake --preset release -DSLUICE_TESTS=OFF $strict >build.log 2>&1 || { cat build.log >&2; exit 1; }
    folder=build ;;
  release-tests)
    cmake --preset release -DSLUICE_TESTS=ON $strict >build.log 2>&1 || { cat build.log >&2; exit 1; }
    folder=build ;;
  *)
    cmake --preset "$preset" >build.log 2>&1 || { cat build.log >&2; exit 1; }
    folder=build-$preset ;;
esac
rm -f build.log
# Ninja keeps one line on a terminal; off one, only what went wrong is worth a line.
if [ -t 1 ]; then
  ninja -C "$folder" $jobs "$@"
else
  ninja --quiet -C "$folder" $jobs "$@"
fi
