# SPDX-License-Identifier: MIT
"""The machine's own health: disk, heat, and its power supply."""

import os

from appliance.doctor.context import Context
from appliance.doctor.result import Result, fail, ok, skip

_LEAST_FREE_MB = 200
#: Above, the firmware slows the processor down.
_HOTTEST_C = 80.0
#: Bits of `vcgencmd get_throttled`: now, and (16 higher) since the start.
_POWER_BITS = {
    0: "undervoltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}
_SINCE_START = 16


async def examine_disk(context: Context) -> Result:
    disk = os.statvfs(context.machine.root)
    return judge_disk(
        disk.f_bavail * disk.f_frsize // 2**20, disk.f_blocks * disk.f_frsize // 2**20
    )


def judge_disk(free_mb: int, size_mb: int) -> Result:
    text = f"{free_mb} MB free of {size_mb} MB"
    if free_mb < _LEAST_FREE_MB:
        return fail(
            f"{text}; needed: {_LEAST_FREE_MB} MB",
            "sudo journalctl --vacuum-size=50M; sudo apt clean",
            free_mb=free_mb,
        )
    return ok(text, free_mb=free_mb)


async def examine_temperature(context: Context) -> Result:
    reading = context.machine.read("sys/class/thermal/thermal_zone0/temp")
    return judge_temperature(int(reading) / 1000 if reading else None)


def judge_temperature(celsius: float | None) -> Result:
    if celsius is None:
        return skip("this machine has no thermometer")
    text = f"{celsius:.1f} °C"
    if celsius >= _HOTTEST_C:
        return fail(
            f"{text}: the processor is slowed down from {_HOTTEST_C:.0f} °C on",
            "give the box air, or the Pi a heat sink",
            celsius=celsius,
        )
    return ok(text, celsius=celsius)


async def examine_power(context: Context) -> Result:
    ran = context.machine.run(["vcgencmd", "get_throttled"])
    if ran is None:
        return skip("vcgencmd is not installed: not Raspberry Pi OS")
    if ran.code or not ran.text.startswith("throttled=0x"):
        return skip(
            f"vcgencmd does not tell: {ran.text or ran.complaint}",
            "sudo voice-appliance doctor --section health",
        )
    return judge_power(int(ran.text.removeprefix("throttled="), 16))


def judge_power(flags: int) -> Result:
    told = [
        name + when
        for shift, when in ((0, " now"), (_SINCE_START, " since the start"))
        for bit, name in _POWER_BITS.items()
        if flags >> (bit + shift) & 1
    ]
    if told:
        return fail(
            f"{', '.join(told)} (throttled={flags:#x})",
            "a better power supply and cable (5.1 V at the Pi); then sudo reboot",
            flags=flags,
        )
    return ok("no undervoltage, no throttling since the start", flags=flags)
