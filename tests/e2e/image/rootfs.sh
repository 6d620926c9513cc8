#!/bin/sh
# SPDX-License-Identifier: MIT
# Build the machine's disk, a Debian trixie with all that the appliance depends on
# and recommends, but without the appliance: rootfs.sh PI_PACKAGES NEEDS FILE

# mmdebstrap and fakeroot expand $1, not this shell.
# shellcheck disable=SC2016
set -eu

here=$(cd "$(dirname "$0")" && pwd)
pi_packages=$1 needs=$2 target=$3
# In the folder of the target, so that it arrives at once and whole.
tree=$(mktemp -d "$target.XXXXXX") && chmod 755 "$tree"
trap 'rm -rf "$tree"' EXIT

without() { printf -- '--dpkgopt=path-exclude=/usr/share/%s/* ' "$@"; }

# `without` makes several words.
# shellcheck disable=SC2046
mmdebstrap --quiet --variant=minbase \
	--include=ca-certificates,dbus,dosfstools,e2fsprogs,jq,openssl,\
systemd-sysv,udev \
	--aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
	$(without doc locale man) \
	--customize-hook='mkdir "$1/pi"' \
	--customize-hook="sync-in $pi_packages /pi" \
	--customize-hook='chroot "$1" sh -c "apt-get install --yes --quiet /pi/*.deb"' \
	--customize-hook="chroot \"\$1\" apt-get satisfy --yes --quiet '$needs'" \
	--customize-hook="sync-in $here/overlay /" \
	--customize-hook="copy-in $here/finish.sh /" \
	--customize-hook='chroot "$1" sh /finish.sh' \
	trixie "$tree/root.tar"

disk=$tree/disk
truncate -s 2G "$disk"
# fakeroot: the files belong to whom the archive says, whoever runs this.
fakeroot sh -eu -c '
	mkdir "$1/root" && tar -C "$1/root" -xf "$1/root.tar"
	mkfs.ext4 -q -F -E root_owner=0:0 -d "$1/root" "$2"' sh "$tree" "$disk"
mv "$disk" "$target"
