# SPDX-License-Identifier: MIT
"""Calls the client's tools as the scenario says, and takes what they answer. Sans I/O.

A BLOCKING tool holds the answer until it has responded; others respond when they may.
"""

from collections.abc import Iterable, Iterator

from appliance.simulator.live import wire
from appliance.simulator.live.downlink import Downlink
from appliance.simulator.live.service import HeardTurn, Service, ToolCall
from appliance.simulator.live.tool_fields import FunctionResponse, Tool, ToolResponse
from appliance.simulator.live.wire import INVALID, INVALID_ARGUMENT, POLICY, Refusal

#: Audio that comes so soon after a blocking call was on its way already.
IN_FLIGHT_S = 1.0


class Calls:
    """The tool calls of a session."""

    def __init__(self, service: Service, downlink: Downlink) -> None:
        self._service = service
        self._downlink = downlink
        self._blocking: set[str] = set()
        self._calls: dict[str, ToolCall] = {}

    @property
    def pending(self) -> bool:
        """Whether any response is still to come."""
        return any(call.pending for call in self._calls.values())

    @property
    def blocking(self) -> bool:
        """Whether the answer waits for a response."""
        return any(self._holding())

    def declare(self, tools: Iterable[Tool]) -> None:
        """These tools there are, and no others."""
        self._blocking = {
            function.name
            for tool in tools
            for function in tool.function_declarations
            if function.behavior == "BLOCKING"
        }

    def make(self, turn: HeardTurn) -> None:
        """Call what the scenario wants called in `turn`, declared or not.

        Models make names up, too.
        """
        now = self._downlink.now
        calls = [
            self._service.call(wanted, turn, now, wanted.name in self._blocking)
            for wanted in self._service.scenario.calls
            if turn.number and wanted.turn in (0, turn.in_conversation)
        ]
        if calls:
            self._calls |= {call.id: call for call in calls}
            named = ((call.id, call.name, call.args) for call in calls)
            self._downlink.send(wire.tool_call(named))

    def take(self, given: ToolResponse) -> list[tuple[ToolCall, FunctionResponse]]:
        """The responses to calls that wait for one; others come too late, or twice.

        Raises Refusal.
        """
        if not given.function_responses:
            raise Refusal(INVALID, INVALID_ARGUMENT)
        found = [(self._call_of(said), said) for said in given.function_responses]
        taken = [(call, said) for call, said in found if call.pending]
        for call, said in taken:
            call.response = said.response
            if call.blocking or not said.will_continue:
                call.answered_at = self._downlink.now
        return taken

    def cancel(self, turn: HeardTurn) -> None:
        """The user interrupts `turn`: its calls are no longer of use."""
        pending = [call for call in self._of(turn) if call.pending]
        for call in pending:
            call.cancelled = True
        if pending:
            ids = [call.id for call in pending]
            self._downlink.send({"toolCallCancellation": {"ids": ids}})

    def check_audio(self) -> None:
        """Raises the Refusal of audio while a tool is waited for."""
        now = self._downlink.now
        if any(now - call.called_at > IN_FLIGHT_S for call in self._holding()):
            raise Refusal(POLICY, "The operation was aborted.")

    def _holding(self) -> Iterator[ToolCall]:
        return (c for c in self._calls.values() if c.blocking and c.pending)

    def _of(self, turn: HeardTurn) -> Iterator[ToolCall]:
        return (
            c for c in self._calls.values() if turn.number and c.turn == turn.number
        )

    def _call_of(self, said: FunctionResponse) -> ToolCall:
        if not said.id or said.response is None:
            raise Refusal(INVALID, INVALID_ARGUMENT)
        call = self._calls.get(said.id)
        if call is None:
            raise Refusal(POLICY, "Requested entity was not found.")
        if said.name != call.name:
            raise Refusal(INVALID, INVALID_ARGUMENT)
        return call
