# SPDX-License-Identifier: MIT
"""The board, its operating system, and the overlay that makes its sound card."""

import re
import shlex
from dataclasses import dataclass

from appliance.doctor.context import Context
from appliance.doctor.machine import Machine
from appliance.doctor.result import Figures, Result, fail, ok, skip

_OLDEST_RELEASE = 12
_CONFIG_FILES = ("boot/firmware/config.txt", "boot/config.txt")
_OF_SOUND = re.compile(
    r"voice|sound|audio|dac|amp|i2s|mic|max98|wm8960|seeed|respeaker|googlevoice|aiy"
)
_NO_DRIVER = "sudo dmesg | grep -iE 'asoc|snd|i2s'; update the kernel or the driver"
_REBOOT = "sudo reboot; then sudo vclog --msg | grep -i dtoverlay"
_SHARE = "/usr/share/voice-appliance"
_ADD = (
    f"ls {_SHARE}/config.txt.d, then for your parts: "
    f"sudo {_SHARE}/sound-card inmp441-max98357a; sudo reboot"
)


async def examine_board(context: Context) -> Result:
    release = os_release(context.machine.read("etc/os-release") or "")
    return judge_board(
        context.machine.read("proc/device-tree/model"),
        release.get("PRETTY_NAME", "an unknown system"),
        release.get("VERSION_ID", ""),
        context.machine.read("proc/sys/kernel/osrelease") or "unknown",
    )


def judge_board(model: str | None, system: str, release: str, kernel: str) -> Result:
    text = f"{model or 'no device tree'}, {system}, Linux {kernel}"
    figures: Figures = {
        "model": model,
        "system": system,
        "release": release,
        "kernel": kernel,
    }
    if model is None or "Raspberry Pi" not in model:
        return skip(f"no Raspberry Pi: {text}", **figures)
    if not release.isdecimal() or int(release) < _OLDEST_RELEASE:
        return fail(
            f"{text}: too old",
            "write Raspberry Pi OS 12 or newer to the SD card (rpi-imager)",
            **figures,
        )
    return ok(text, **figures)


def os_release(text: str) -> dict[str, str]:
    """The variables of /etc/os-release (man os-release)."""
    assignments = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: "".join(shlex.split(value)) for name, _, value in assignments}


@dataclass(frozen=True, slots=True)
class SoundNode:
    """The sound card in the device tree, as a platform device."""

    compatible: str
    has_driver: bool


async def examine_overlay(context: Context) -> Result:
    texts = [context.machine.read(path) for path in _CONFIG_FILES]
    config = next((text for text in texts if text is not None), None)
    return judge_overlay(
        overlays(config) if config is not None else None,
        _sound_node(context.machine),
        usb=bool(context.machine.find("proc/asound/card*/usbid")),
    )


def judge_overlay(
    named: tuple[str, ...] | None, node: SoundNode | None, *, usb: bool
) -> Result:
    """`named`: the overlays in config.txt, None if there is no config.txt."""
    listed = ", ".join(name for name in named or () if _OF_SOUND.search(name))
    figures: Figures = {"named": listed, "node": node.compatible if node else None}
    if named is None:
        return skip("no config.txt: not the firmware of a Raspberry Pi", **figures)
    if node and node.has_driver:
        text = f"{node.compatible} is loaded (config.txt: {listed or 'no overlay'})"
        return ok(text, **figures)
    if node:
        text = f"{node.compatible} is in the device tree, but no driver has taken it"
        return fail(text, _NO_DRIVER, **figures)
    if listed:
        return fail(f"{listed} is in config.txt, but not loaded", _REBOOT, **figures)
    if usb:
        return ok("none needed: a USB sound card is there", **figures)
    return fail("config.txt has no overlay for a sound card", _ADD, **figures)


def overlays(config: str) -> tuple[str, ...]:
    """The names that config.txt loads, in order, without their parameters."""
    lines = re.findall(r"^\s*dtoverlay=([^\s,#:]+)", config, re.MULTILINE)
    return tuple(lines)


def _sound_node(machine: Machine) -> SoundNode | None:
    """The node `sound` of the device tree: a device only if an overlay enables it."""
    for path in machine.find("sys/bus/platform/devices/*sound*/of_node/compatible"):
        names = path.read_text().strip("\0\n").replace("\0", " ")
        return SoundNode(names, (path.parents[1] / "driver").exists())
    return None
