# SPDX-License-Identifier: MIT
"""A call of a tool, as the conversation keeps it."""

from appliance.basics.record import Struct


class ToolCall(Struct, frozen=True):
    """A tool that the service called, from then until its answer is sent."""

    call_id: str
    name: str
    #: The turn whose answer asked for it, 0 for none.
    turn: int
    blocking: bool
    arguments: bytes = b"{}"
    #: The call that the tool was run for: this one, or the one that it repeats.
    run_id: str = ""
    response: bytes | None = None
    #: The link that it came by is there, and takes its answer.
    on_link: bool = True
