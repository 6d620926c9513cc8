# SPDX-License-Identifier: MIT
"""A call of a tool: how it is told, and how the conversation keeps it."""

from appliance.basics.record import Struct


class ToolCall(Struct, frozen=True):
    """A tool that the service called, from then until its answer is sent."""

    call_id: str
    name: str
    #: The turn whose answer asked for it, 0 for none.
    turn: int
    blocking: bool
    response: bytes | None = None
    #: The link that it came by is there, and takes its answer.
    on_link: bool = True


class ToolCalled(Struct, frozen=True):
    """The service wants a tool run; `arguments` is a JSON object."""

    call_id: str
    name: str
    arguments: bytes
    #: The service says no more before it has the answer.
    blocking: bool = True


class ToolCallsCancelled(Struct, frozen=True):
    """The service does not want their answers any more."""

    call_ids: tuple[str, ...]


class ToolAnswered(Struct, frozen=True):
    """A tool is done, or has failed; `response` is a JSON object."""

    call_id: str
    response: bytes
