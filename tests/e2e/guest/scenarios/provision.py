# SPDX-License-Identifier: MIT
"""A configuration and a key lay on the boot partition when the machine booted."""

import subprocess
from pathlib import Path

import board
import box
import turns
from live import API_KEY, NAME, live_service
from verdict import expect, run, scenario, until

_BOOT = Path("/boot/firmware")
_CONFIG, _KEY = _BOOT / "voice-appliance.toml", _BOOT / "gemini-api-key"
_UNIT = "voice-appliance-provision.service"
#: As in _MACHINES of ../../__main__.py.
_PROVISIONED_KEY = "the-key-from-the-boot-partition"


@scenario("both are taken: the box answers with that key, its LED is that bright")
def _good() -> None:
    box.is_ready()
    expect(not _CONFIG.exists() and not _KEY.exists(), "they are still there")
    with live_service(api_key=_PROVISIONED_KEY), box.hosts(NAME):
        turns.answers()
        # Without the service the LED would soon show that.
        until(lambda: board.brightness() > 0.97, "idle: full on")


@scenario("of the key nothing is left on the boot partition, and on disk no plain text")
def _wiped() -> None:
    run("umount", _BOOT)
    partition = Path("/dev/ubdb").read_bytes()
    run("mount", _BOOT)
    expect(_PROVISIONED_KEY.encode() not in partition, "it can be read there")
    for file in Path("/etc").rglob("*"):
        if file.is_file():
            expect(_PROVISIONED_KEY.encode() not in file.read_bytes(), f"it is {file}")


@scenario("bad ones stay, with the reason beside them; the box goes on with the old")
def _bad() -> str:
    before = box.CONFIG.read_text()
    _CONFIG.write_text('[speaker]\ngain = "loud"\n')
    _KEY.write_text("not a key\n")
    subprocess.run(["systemctl", "start", _UNIT], capture_output=True)
    reasons = [Path(f"{path}.rejected.txt").read_text() for path in (_CONFIG, _KEY)]
    expect("gain" in reasons[0], f"of the configuration: {reasons[0]}")
    expect("not a key" not in reasons[1].lower().replace("not a key:", ""), reasons[1])
    expect(_CONFIG.exists() and _KEY.exists(), "they are gone")
    expect(box.CONFIG.read_text() == before, "the configuration was changed")
    with live_service(api_key=_PROVISIONED_KEY), box.hosts(NAME):
        turns.answers()
    return reasons[0].strip().splitlines()[0]


@scenario("a good key beside a bad configuration: it is taken, and answers at once")
def _one_of_two() -> None:
    before = box.CONFIG.read_text()
    _CONFIG.write_text("[speaker]\nloudness = 11\n")
    _KEY.write_text(f"{API_KEY}\n")
    Path(f"{_KEY}.rejected.txt").unlink()
    subprocess.run(["systemctl", "start", _UNIT], capture_output=True)
    left = sorted(path.name for path in _BOOT.iterdir())
    expect(left == [_CONFIG.name, f"{_CONFIG.name}.rejected.txt"], f"left: {left}")
    reason = Path(f"{_CONFIG}.rejected.txt").read_text()
    expect("loudness" in reason, f"of the configuration: {reason}")
    expect(box.CONFIG.read_text() == before, "the configuration was changed")
    with live_service(api_key=API_KEY), box.hosts(NAME):
        turns.answers()
