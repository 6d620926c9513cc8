# SPDX-License-Identifier: MIT
"""One connection as the Live service sees it: frames and time in, actions out.

Sans I/O. What a client may do when, and what it costs, is decided here.
"""

from typing import assert_never

from appliance.simulator.live import wire
from appliance.simulator.live.activity import Activity
from appliance.simulator.live.answer import Answers
from appliance.simulator.live.declarations import check_tools
from appliance.simulator.live.downlink import Action, Downlink, Script
from appliance.simulator.live.fields import (
    ClientContent,
    ClientMessage,
    Content,
    ContextUpdate,
    RealtimeInput,
    Setup,
)
from appliance.simulator.live.service import Service
from appliance.simulator.live.setup import check_setup
from appliance.simulator.live.tool_fields import Tool, ToolList, ToolResponse
from appliance.simulator.live.voice import Voice
from appliance.simulator.live.wire import INVALID, INVALID_ARGUMENT, POLICY, Refusal
from appliance.simulator.scenario import (
    Close,
    Drop,
    Error,
    Fault,
    Garbage,
    GoAway,
    Interrupt,
    Oversized,
    Point,
    SilentTurn,
    Slow,
    Stall,
    UnknownFields,
)

_GO_AWAY_LEFT_S = 50.0
_EXPIRED = (
    "Connection aborted because the client failed to close the connection after "
    "receiving a GoAway signal once the session durat"
)
_NOT_JSON = b"\x00\xff this is not JSON"


class LiveSession:
    """One connection. `key` is the caller's API key, "" for none.

    Give it each frame with `receive`, and do what `due` says whenever `next_at` has
    come; both take time.monotonic().
    """

    def __init__(self, service: Service, api_version: str, key: str) -> None:
        self.link = service.open_link()
        self._service = service
        self._api_version = api_version
        self._key = key
        self._downlink = Downlink(service, self.link)
        self._voice = Voice(service, self._downlink, self._reach)
        self._answers = Answers(service, self._downlink, self._voice)
        self._activity = Activity(service, self._downlink, self._answers, self._reach)
        self._instruction: Content | None = None
        self._tools: list[Tool] = []
        self._asked = False
        self._ready = False
        self._seeding = False

    @property
    def next_at(self) -> float | None:
        """When to call `due` again; None: not before the next frame."""
        return self._downlink.next_at

    def due(self, now: float) -> list[Action]:
        return self._downlink.due(now)

    def receive(self, frame: str | bytes, now: float) -> None:
        if not self._downlink.open:
            return
        self._downlink.now = now
        try:
            self._take(frame)
        except Refusal as refusal:
            self._downlink.end(Close(refusal.code, refusal.reason))

    def inject(self, fault: Fault, now: float) -> None:
        """Let `fault` happen now, to the turn that is heard or answered or comes."""
        self._downlink.now = now
        turn = self._activity.current or self._answers.answering
        self._perform(fault, turn.number if turn else len(self._service.turns) + 1)

    def lost(self, line: str) -> None:
        """The client is gone; `line` says how."""
        if self._downlink.open:
            self._service.note(self.link, line)
            self._downlink.abandon()

    def _take(self, frame: str | bytes) -> None:
        json = self._read(frame)
        self._service.check_key(self._key)
        message = wire.read_message(json)
        if message.setup is not None:
            self._set_up(message.setup)
        elif self._ready:
            self._obey(message)
        else:
            raise Refusal(INVALID, INVALID_ARGUMENT)

    def _read(self, frame: str | bytes) -> wire.Message:
        try:
            json = wire.read_json(frame)
        except Refusal:
            self._service.note(self.link, "> garbage")
            raise
        self._service.note_message(self.link, json)
        return json

    def _obey(self, message: ClientMessage) -> None:
        match message:
            case ClientMessage(realtime_input=RealtimeInput() as given):
                self._activity.take(given)
            case ClientMessage(client_content=ClientContent() as given):
                self._take_content(given)
            case ClientMessage(tool_response=ToolResponse() as given):
                self._answers.take(given)
            case ClientMessage(context_update=ContextUpdate() as given):
                self._update(given)

    def _set_up(self, setup: Setup) -> None:
        if self._asked:
            raise Refusal(INVALID, INVALID_ARGUMENT)
        check_setup(setup, self._api_version, self._service.dialect)
        if setup.session_resumption and setup.session_resumption.handle:
            handle = setup.session_resumption.handle
            self._answers.context = self._service.resume(handle)
        self._update(ContextUpdate(setup.system_instruction, ToolList(setup.tools)))
        self._asked = True
        self._answers.setup = setup
        self._voice.transcribing = setup.output_audio_transcription is not None
        self._activity.configure(setup.realtime_input_config)
        self._seeding = setup.history_config.initial_history_in_client_content
        self._reach("setup", 0)
        self._downlink.start(self._become_ready())

    def _become_ready(self) -> Script:
        yield self._downlink.now + self._service.scenario.setup_delay_ms / 1000
        self._ready = True
        self._downlink.send({"setupComplete": {}})
        self._answers.offer_resumption(resumable=True)
        self._reach("setup_complete", 0)
        after_s = self._service.scenario.go_away_after_s
        self._downlink.start(self._expire(after_s, _GO_AWAY_LEFT_S))

    def _expire(self, after_s: float, left_s: float) -> Script:
        yield self._downlink.now + after_s
        self._downlink.send(wire.go_away(left_s))
        yield self._downlink.now + left_s
        self._downlink.end(Close(POLICY, _EXPIRED))

    def _update(self, given: ContextUpdate) -> None:
        """What is given stands for all that was given before."""
        if given.tools is not None:
            check_tools(given.tools.tools)
            self._tools = given.tools.tools
            self._answers.calls.declare(self._tools)
        if given.system_instruction is not None:
            self._instruction = given.system_instruction
        self._answers.context.instruct(self._instruction, self._tools)

    def _take_content(self, given: ClientContent) -> None:
        says_something = any(turn.parts for turn in given.turns)
        if not says_something and self._service.dialect == "2025":
            # It goes on: without effect. It is complete: the microphone is closed.
            if given.turn_complete:
                self._activity.end()
            return
        if given.turn_complete and not says_something:
            return  # the "continue" of old recipes: taken, and without effect
        text = " ".join(part.text for turn in given.turns for part in turn.parts)
        if self._seeding:
            self._seeding = not given.turn_complete
            self._answers.context.read(text)
        elif given.turn_complete:
            self._activity.ask(text)
        else:
            self._answers.context.read(text)
            self._answers.interrupt_soon()

    def _reach(self, point: Point, number: int) -> None:
        for fault in self._service.faults_at(point, number, self.link):
            self._perform(fault, number)

    def _perform(self, fault: Fault, number: int) -> None:
        """The table of faults: what each does, to turn `number` where it is to one."""
        match fault:
            case Drop() | Stall() | Close():
                self._downlink.end(fault)
            case GoAway():
                self._downlink.start(self._expire(0.0, fault.time_left_s))
            case SilentTurn():
                self._voice.mute(number)
            case Slow():
                self._voice.slow(number, fault.speed)
            case Garbage():
                self._downlink.send_frame(_NOT_JSON, "< garbage")
            case Oversized():
                self._downlink.send(wire.thought("x" * fault.size_bytes))
            case Interrupt():
                self._answers.interrupt()
            case Error(code=code, message=message):
                self._downlink.send(wire.error(code, message))
            case UnknownFields():
                self._downlink.novel = True
            case _:
                assert_never(fault)
