#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs or updates the voice appliance from the boot partition, at each boot, started
# by vendor-data. It does what is not done yet, so that the power may be cut at any
# instant, and says in voice-appliance.log.txt where it stands. Exit codes: 0 done, 1 a
# later try may succeed, 2 none can.
set -u

here=$(cd "$(dirname "$0")" && pwd)
boot=$(dirname "$here")
package=$here/voice-appliance.deb
log=$boot/voice-appliance.log.txt
# The tests have a root of their own.
root=${ROOT:-}
sound_card=$root/usr/share/voice-appliance/sound-card

network_limit_s=600 clock_limit_s=180 pause_s=5
# In apt's own words, a line each; in memory, so that a full card does not matter.
said=$(mktemp -p "$root/run")
trap 'rm -f "$said"' EXIT

# Written in place: also a full partition has room for a file that is there.
tell() {
    echo "$*"
    if [ "$(cat "$log" 2>/dev/null)" != "$*" ]; then
        echo "$*" >"$log"
        sync "$log"
    fi
}

fail() {
    tell "$*
This is tried again every five minutes, and at the next start."
    exit 1
}

check_system() {
    # shellcheck source=/dev/null
    . "$root/etc/os-release"
    if [ "${VERSION_ID:-0}" -lt 13 ]; then
        tell "This is $PRETTY_NAME. Write Raspberry Pi OS Lite (64-bit) 13 to the card."
        exit 2
    fi
}

is_installed() {
    # Reads all of it, and so finds what an early unplugging has cut off.
    if ! dpkg-deb --fsys-tarfile "$package" >/dev/null ||
        ! version=$(dpkg-deb --field "$package" Version); then
        fail "The package is damaged: unzip the release again, over these files."
    fi
    # shellcheck disable=SC2016 # dpkg-query expands it
    state=$(dpkg-query --show --showformat='${db:Status-Abbrev}${Version}' voice-appliance)
    case $state in
    "ii "*) dpkg --compare-versions "${state#ii }" ge "$version" ;;
    *) false ;;
    esac
}

# until_within LIMIT_S COMMAND...
until_within() {
    left_s=$1
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$left_s" -gt 0 ] || return 1
        sleep "$pause_s"
        left_s=$((left_s - pause_s))
    done
}

has_time() { [ "$(timedatectl show --property=NTPSynchronized --value)" = yes ]; }

wait_for_network() {
    until_within "$network_limit_s" getent hosts deb.debian.org ||
        fail "No network after ten minutes. Is the name, password and country of the" \
            "Wi-Fi right, as Raspberry Pi Imager asked for them? A Zero 2 W needs 2.4 GHz."
    # Without the time no signature is valid. Some have it from elsewhere than NTP.
    until_within "$clock_limit_s" has_time || [ "$(date +%Y)" -ge 2026 ] ||
        fail "The clock says $(date +%F), and no time server answers: does your network" \
            "block NTP (port 123)?"
}

run_apt() {
    DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >"$said" 2>&1
}

install_package() {
    tell "Installing version $version: this takes some minutes."
    # Where the power was cut before, dpkg refuses everything else until this is done.
    dpkg --configure --pending >"$said" 2>&1 || true
    run_apt update || explain
    # espeak-ng is only recommended, but a box without a screen should say what is wrong.
    run_apt install --fix-broken espeak-ng "$package" || explain
}

explain() {
    error=$(grep -E '^(E|W|Err|dpkg): ' "$said" | grep -v 'Some index files' | tail -n 1)
    error=${error:-$(tail -n 1 "$said")}
    case $(cat "$said") in
    *"No space left"* | *"enough free space"*)
        fail "The card is full: use one of 8 GB or more, or delete something. ($error)" ;;
    *"not valid yet"* | *"not yet valid"*)
        fail "The clock says $(date +%F), which is wrong. ($error)" ;;
    *"Unmet dependencies"* | *"unmet dependencies"* | *"held broken"*)
        fail "The package was refused: it needs others that are not there. ($error)" ;;
    *"Failed to fetch"* | *"404 "* | *"Could not resolve"* | *"Cannot initiate"*)
        fail "A package server did not have what is needed. ($error)" ;;
    *) fail "The package could not be installed. ($error)" ;;
    esac
}

# The service that installs key and configuration says beside them what is wrong.
notes() {
    for verdict in "$boot"/*.rejected.txt; do
        [ ! -e "$verdict" ] || echo "Not used: $(cat "$verdict")"
    done
    for key in credstore.encrypted/gemini-api-key credstore/gemini-api-key-plain; do
        [ ! -s "$root/etc/$key" ] || return 0
    done
    echo "There is no API key yet: put a file gemini-api-key beside this one."
}

set_up_sound() {
    kit=
    # What the mistakes hide might be another kit.
    for verdict in "$boot"/voice-appliance.toml*.rejected.txt; do
        [ ! -e "$verdict" ] || return 0
    done
    kit=$(voice-appliance config | sed -n 's/^kit = "\(.*\)"$/\1/p')
    changes=$("$sound_card" "$kit" "$boot" 2>"$said") ||
        fail "The sound card could not be set up: $(tail -n 1 "$said")"
    [ -n "$changes" ] || return 0
    tell "Version $version is installed. The Pi starts again, for its sound card ($kit)."
    systemctl reboot
    exit 0
}

check_system
if ! is_installed; then
    wait_for_network
    install_package
fi
# At boot it has run already; not so for what was installed just now.
systemctl start voice-appliance-provision.service || true
set_up_sound
tell "$(
    echo "Version $version is installed${kit:+, for the kit $kit}. Its light says how it is."
    notes
)"
