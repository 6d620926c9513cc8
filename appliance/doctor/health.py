# SPDX-License-Identifier: MIT
"""Whether the power supply is too weak or the Pi too hot, as the firmware saw it."""

from appliance.doctor.context import Context
from appliance.doctor.result import Result, fail, ok, skip

#: Bits of `vcgencmd get_throttled`: now, and (16 higher) since the start.
_POWER_BITS = {
    0: "undervoltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}
_SINCE_START = 16
#: The same bits, as what has to be fixed.
_WEAK, _HOT = 0x1_0001, 0x8_0008
_SUPPLY = "a better power supply and cable (5.1 V at the Pi); then sudo reboot"
_AIR = "give the box air, or the Pi a heat sink"


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
            "; ".join(_mends(flags)),
            flags=flags,
        )
    return ok("no undervoltage, no throttling since the start", flags=flags)


def _mends(flags: int) -> list[str]:
    """A cap or a throttle alone does not say why: it may be either."""
    known = flags & (_WEAK | _HOT)
    return [
        mend
        for bits, mend in ((_WEAK, _SUPPLY), (_HOT, _AIR))
        if flags & bits or not known
    ]
