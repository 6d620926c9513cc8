#!/bin/sh
# SPDX-License-Identifier: MIT
# In the throw-away trixie: each source in /in becomes a package in /out.
set -eu

# The wheel of lgpio has its C library only if told that it goes to PyPI.
export PYPI=1
mkdir -p /out
for source in /in/*.tar.gz; do
	rm -rf /build && mkdir -p /build/DEBIAN /build/usr/lib/python3/dist-packages
	name=$(basename "$source" | cut -d- -f1)
	version=$(basename "$source" .tar.gz | cut -d- -f2)
	pip wheel --quiet --no-build-isolation --no-deps --wheel-dir /wheel "$source"
	python3 -m zipfile -e /wheel/"$name"-*.whl /build/usr/lib/python3/dist-packages
	architecture=all depends='python3, python3-colorzero'
	if [ "$name" = lgpio ]; then
		architecture=$(dpkg --print-architecture) depends='python3 (>= 3.13), libc6'
	fi
	cat >/build/DEBIAN/control <<-CONTROL
		Package: python3-$name
		Version: $version-0boottest1
		Architecture: $architecture
		Depends: $depends
		Maintainer: nobody <nobody@localhost>
		Description: $name from its source, for the boot test
	CONTROL
	dpkg-deb --root-owner-group --build /build /out
done
