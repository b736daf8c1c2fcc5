#!/usr/bin/env bash
# Makes build/sluice_VERSION_ARCH.deb of what was built; its dependencies are the packages of the libraries it links.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^project(sluice VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
architecture=$(dpkg --print-architecture)
root=build/package
rm -rf "$root"
tools/install.sh "$root/usr" >/dev/null
install -D -m 644 packaging/sluice.service "$root/lib/systemd/system/sluice.service"
install -D -m 644 packaging/sluice.yaml "$root/etc/sluice/sluice.yaml"

# Debian 12's libraries lie in /lib and /usr/lib, which are the same folder; dpkg knows one of the names. The one call says
# no to the others.
binaries="build/sluice build/lib/sluice/libsluice_parquet.so"
libraries=$({ objdump -p $binaries; ldd $binaries; } | awk '
  $1 == "NEEDED" {needed[$2]}
  $1 in needed && $3 ~ /^\// {print $3; print "/usr" $3; sub("^/usr", "", $3); print $3}')
depends=$({ dpkg-query -S $libraries 2>/dev/null || true; } | cut -d: -f1 | sort -u | paste -sd, | sed 's/,/, /g')
size=$(du -sk "$root" | cut -f1)
mkdir -p "$root/DEBIAN"
cat > "$root/DEBIAN/control" <<END
Package: sluice
Version: $version
Architecture: $architecture
Maintainer: The Sluice maintainers <maintainers@sluice.invalid>
Installed-Size: $size
Depends: $depends
Suggests: postgresql
Section: database
Priority: optional
Description: Stream data platform in one program
 Reads every change of a PostgreSQL database, keeps it in a durable log that any
 Kafka client can read, with an Avro schema for every table, and archives it
 exactly once.
END
echo /etc/sluice/sluice.yaml > "$root/DEBIAN/conffiles"
# zstd, not xz: Arrow makes it large, and xz takes minutes.
dpkg-deb -Zzstd -z12 --root-owner-group --build "$root" "build/sluice_${version}_${architecture}.deb" >/dev/null
rm -rf "$root"
echo "build/sluice_${version}_${architecture}.deb"
