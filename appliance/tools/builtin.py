# SPDX-License-Identifier: MIT
"""The tools that a box has of its own: volume, a new conversation, how it is."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.core import events as ev
from appliance.core.conversation import Conversation
from appliance.live.tools import Function

_UPTIME = Path("/proc/uptime")
_TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")

#: Given the arguments; what it returns is the answer. ValueError is one, too.
Act = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class BuiltIn:
    function: Function
    act: Act


def built_in(
    post: Callable[[ev.Event], None], conversation: Callable[[], Conversation]
) -> dict[str, BuiltIn]:
    """By name."""
    tools = (
        _tool(
            "set_volume",
            "Set the loudness of this box's speaker, in percent from 0 to 100.",
            lambda arguments: _set_volume(arguments, post),
            percent={"type": "NUMBER", "minimum": 0, "maximum": 100},
        ),
        _tool(
            "end_conversation",
            "Forget this conversation. Call it only when the user asks to start "
            "afresh; what is said after that begins a new one.",
            lambda _: _end_conversation(post),
        ),
        _tool(
            "device_status",
            "How this box is: local date and time, link to the service, uptime, load "
            "and temperature.",
            lambda _: machine() | _link(conversation()),
        ),
    )
    return {tool.function.name: tool for tool in tools}


def machine() -> dict[str, Any]:
    """What can be read of this machine; what cannot is left out."""
    time.tzset()  # localtime_r alone does not see another /etc/localtime
    facts: dict[str, Any] = {
        "time": time.strftime("%A, %Y-%m-%d %H:%M:%S %Z"),
        "load_1_min": round(os.getloadavg()[0], 2),
    }
    if (up_s := _number(_UPTIME)) is not None:
        facts["uptime_minutes"] = round(up_s / 60)
    if (millidegrees := _number(_TEMPERATURE)) is not None:
        facts["temperature_celsius"] = round(millidegrees / 1000, 1)
    return facts


def _tool(name: str, description: str, act: Act, **properties: Any) -> BuiltIn:
    schema = {
        "type": "OBJECT",
        "properties": properties,
        "required": list(properties),
    }
    parameters = json.dumps(schema).encode() if properties else b""
    return BuiltIn(Function(name, description, parameters, blocking=True), act)


def _set_volume(
    arguments: dict[str, Any], post: Callable[[ev.Event], None]
) -> dict[str, Any]:
    percent = arguments.get("percent")
    if isinstance(percent, bool) or not isinstance(percent, int | float):
        raise ValueError("percent must be a number from 0 to 100")
    percent = min(max(percent, 0), 100)
    post(ev.VolumeSet(percent))
    return {"result": f"the volume is {percent:g} percent now"}


def _end_conversation(post: Callable[[ev.Event], None]) -> dict[str, Any]:
    post(ev.NewConversation())
    return {"result": "after your answer this conversation is over, and forgotten"}


def _link(c: Conversation) -> dict[str, Any]:
    return {
        "link": c.link.state.value,
        "link_age_s": round(time.monotonic() - c.link.tried_at),
    }


def _number(path: Path) -> float | None:
    """The first number in a file of the kernel, None if it has no number."""
    try:
        return float(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
