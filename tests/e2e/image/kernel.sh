#!/bin/sh
# SPDX-License-Identifier: MIT
# Build a Linux that runs as a process (ARCH=um) from Debian's source: kernel.sh FILE
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=$1
tree=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$tree"' EXIT

um() { nice make -s -C "$tree" ARCH=um "$@"; }

tar -C "$tree" --strip-components=1 -xf /usr/src/linux-source-6.12.tar.xz
# snd-aloop is clocked by jiffies: at the fixed 100 a second playback has gaps.
sed -i '/^config HZ$/,/^$/ s/default 100/default 1000/' "$tree/arch/um/Kconfig"
# gpiozero asks /proc/cpuinfo which Pi this is: a 4B.
sed -i 's/^\tseq_printf(m, "cache_alignment/\tseq_puts(m, "Revision\\t: c03115\\n");\n&/' \
	"$tree/arch/um/kernel/um_arch.c"
um defconfig
cd "$tree"
scripts/kconfig/merge_config.sh -m .config "$here/kernel.config" >merge.log
um olddefconfig
for option in HZ=1000 GPIO_SIM=y SND_ALOOP=y SECCOMP_FILTER=y CGROUP_BPF=y VFAT_FS=y \
	HOSTFS=y; do
	grep -qx "CONFIG_$option" .config || {
		echo "kernel.sh: CONFIG_$option did not survive olddefconfig" >&2
		exit 1
	}
done
um -j2 linux
strip --strip-debug -o "$tree/linux.stripped" linux
mv "$tree/linux.stripped" "$target"
