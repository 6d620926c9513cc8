# SPDX-License-Identifier: MIT
"""Whether the box can say in words what is wrong."""

from appliance.doctor.context import Context
from appliance.doctor.result import Result, fail, ok, skip

_INSTALL = (
    "sudo apt install espeak-ng && sudo systemctl restart voice-appliance; "
    "without it there are sounds and blinks only"
)


async def examine_words(context: Context) -> Result:
    if not context.config.speech.sentences:
        return skip("[speech] sentences = false")
    ran = context.machine.run(["espeak-ng", "--version"])
    if ran is None:
        return skip("espeak-ng is not installed: the box has no words", _INSTALL)
    if ran.code:
        return fail(f"espeak-ng: {ran.complaint}", _INSTALL)
    return ok(f"espeak-ng is installed, language: {context.config.speech.language}")
