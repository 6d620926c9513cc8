#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the voice appliance where there is no Debian package for it: a virtual
# environment under /opt, the same units. May be run again, to update.
set -eu

usage="\
deploy/install.sh               install or update, enable and start
deploy/install.sh --uninstall   remove everything but configuration and key"

here=$(cd "$(dirname "$0")/.." && pwd)
# The tests install below a directory, and start nothing.
root=${DESTDIR:-}
venv=/opt/voice-appliance
share=/usr/share/voice-appliance
units="voice-appliance-provision.service voice-appliance.service"

# FILE -> where it goes
files="\
deploy/systemd/voice-appliance.service /etc/systemd/system/voice-appliance.service
deploy/systemd/voice-appliance-provision.service /etc/systemd/system/voice-appliance-provision.service
deploy/systemd/voice-appliance-key.service /etc/systemd/system/voice-appliance-key.service
deploy/sysusers.d/voice-appliance.conf /etc/sysusers.d/voice-appliance.conf
deploy/udev/60-voice-appliance.rules /etc/udev/rules.d/60-voice-appliance.rules
deploy/catalog/voice-appliance.catalog /usr/lib/systemd/catalog/voice-appliance.catalog
deploy/journald.conf.d/60-voice-appliance.conf /usr/lib/systemd/journald.conf.d/60-voice-appliance.conf
deploy/networkmanager.conf.d/60-voice-appliance.conf /usr/lib/NetworkManager/conf.d/60-voice-appliance.conf
deploy/completions/voice-appliance /usr/share/bash-completion/completions/voice-appliance
deploy/man/voice-appliance.1 /usr/local/share/man/man1/voice-appliance.1
deploy/tools.d/kitchen_timer.toml $share/tools.d/kitchen_timer.toml"

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

# Both own /usr/bin/voice-appliance, and units in /etc would hide the package's.
refuse_beside_the_package() {
    # shellcheck disable=SC2016 # dpkg-query expands it
    status=$(dpkg-query -W -f '${Status}' voice-appliance 2>/dev/null) || return 0
    case $status in
    *" installed") fail "the package is installed; first: apt remove voice-appliance" ;;
    esac
}

install_all() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or newer is needed; this is $(python3 --version)"
    # What the distribution has needs no compiler.
    python3 -m venv --system-site-packages "$root$venv" ||
        fail "no virtual environment: apt install --no-install-recommends python3-venv"
    # What an earlier build left there would be installed, too.
    rm -rf "$here/build/lib"
    # Root runs what is built here: all of it has a hash, and so has what builds it. Of
    # several indexes pip takes the file whose hash fits.
    pip="$root$venv/bin/pip"
    { "$pip" install --quiet --require-hashes -r "$here/deploy/pip/build.txt" &&
        "$pip" install --quiet --require-hashes --no-build-isolation \
            -r "$here/deploy/pip/run.txt" &&
        "$pip" install --quiet --no-deps --no-build-isolation "$here"; } ||
        fail "pip says what is missing; for compiler and headers:" \
            "apt install --no-install-recommends build-essential libsystemd-dev pkg-config portaudio19-dev python3-dev"

    install -d "$root/usr/bin"
    ln -sf "$venv/bin/voice-appliance" "$root/usr/bin/voice-appliance"
    echo "$files" | while read -r file target; do
        install -D -m 644 "$here/$file" "$root$target"
    done
    install -D -m 755 -t "$root$share/tools.d" "$here/deploy/tools.d/kitchen-timer"
    install -D -m 755 -t "$root$share" "$here/deploy/bin/sound-card"
    install -D -m 644 -t "$root$share/config.txt.d" "$here"/hw/config.txt.d/*
    install -d "$root$share/overlays"
    dtc -@ -I dts -O dtb -o "$root$share/overlays/voice-appliance.dtbo" \
        "$here/hw/overlays/voice-appliance.dts" ||
        fail "no overlay: apt install --no-install-recommends device-tree-compiler"
    config=$root/etc/voice-appliance/config.toml
    [ -e "$config" ] || install -D -m 644 "$here/deploy/config/config.toml" "$config"
}

start() {
    systemd-sysusers /etc/sysusers.d/voice-appliance.conf
    journalctl --update-catalog
    # shellcheck disable=SC2086 # two names
    systemctl enable $units
    [ -d /run/systemd/system ] || return 0 # the system is being built, not running
    systemctl daemon-reload
    udevadm control --reload
    udevadm trigger --subsystem-match=gpio --settle
    systemctl restart systemd-journald.service
    journalctl --flush
    # It is ready when it has its sound card: that is not waited for.
    # shellcheck disable=SC2086
    systemctl --no-block restart $units
}

stop() {
    # shellcheck disable=SC2086 # two names
    systemctl disable --now $units || true
}

forget() {
    journalctl --update-catalog || true
    systemctl daemon-reload || true
    systemctl restart systemd-journald.service || true
}

remove_all() {
    echo "$files" | while read -r _ target; do
        rm -f "$root$target"
    done
    rm -f "$root/usr/bin/voice-appliance"
    rm -rf "$root$venv" "$root$share" "$root/var/lib/voice-appliance"
}

need_root() {
    [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "run it as root: sudo $0 $*"
}

case ${1:-} in
"")
    refuse_beside_the_package
    need_root
    install_all
    [ -n "$root" ] || start
    ;;
--uninstall)
    refuse_beside_the_package
    need_root "$1"
    [ -n "$root" ] || stop
    remove_all
    [ -n "$root" ] || forget
    ;;
-h | --help) echo "$usage" ;;
*) fail "unknown: $1; only --uninstall is" ;;
esac
