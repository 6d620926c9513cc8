#!/bin/sh
# SPDX-License-Identifier: MIT
# Build gpiozero and lgpio as Debian packages in a throw-away trixie, for machines that
# cannot use Raspberry Pi's archive: pi-packages.sh DIRECTORY

# mmdebstrap and fakeroot expand $1, not this shell.
# shellcheck disable=SC2016
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=$1
# In the folder of the target, so that it arrives at once and whole.
tree=$(mktemp -d "$target.XXXXXX") && chmod 755 "$tree"
trap 'rm -rf "$tree"' EXIT

mkdir "$tree/in" "$tree/out"
chmod 777 "$tree/out"
python3 -m venv "$tree/venv"
"$tree/venv/bin/pip" download --quiet --no-deps --no-binary :all: --require-hashes \
	--requirement "$here/pi-packages.txt" --dest "$tree/in"
cp "$here/to-debs.sh" "$tree/in"
mmdebstrap --quiet --variant=apt \
	--include=gcc,libc6-dev,python3-dev,python3-pip,python3-setuptools,python3-wheel,swig \
	--aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
	--customize-hook="copy-in $tree/in /" \
	--customize-hook='chroot "$1" sh /in/to-debs.sh' \
	--customize-hook="sync-out /out $tree/out" \
	trixie /dev/null
chmod 755 "$tree/out"
mv "$tree/out" "$target"
