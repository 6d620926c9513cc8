# SPDX-License-Identifier: MIT
"""Asks the service a recorded question: a turn of its own, from setup to answer."""

import asyncio
import time
from dataclasses import dataclass

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ, seconds
from appliance.basics.secret import Secret
from appliance.basics.strict_toml import ConfigError
from appliance.config.file import Config, live_settings
from appliance.core import events as ev
from appliance.core.effects import CloseTurn, OpenTurn, SendAudio
from appliance.core.signals import Fault, Signal
from appliance.doctor.context import Context
from appliance.doctor.credential import KeyHidden, find_key
from appliance.doctor.result import Result, fail, link_failure, ok, skip
from appliance.live.close_codes import SessionEnd
from appliance.live.session import Session
from appliance.simulator.question import question

_OPEN_LIMIT_S = 25.0
#: The service ends an answer only when it would have been played.
_WHOLE_LIMIT_S = 60.0
_JOURNAL = "journalctl -u voice-appliance -p warning -n 20"


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """How far a question came; monotonic seconds, None where it did not come."""

    began_at: float
    up_at: float | None = None
    sent_at: float | None = None
    first_audio_at: float | None = None
    answer_s: float = 0.0
    ended: bool = False
    loss: SessionEnd | None = None


async def examine_answer(context: Context) -> Result:
    try:
        key = find_key(context.machine)
    except KeyHidden:
        return skip("the key is not for this user", "sudo voice-appliance doctor")
    except ConfigError as error:
        return link_failure(str(error), Fault.KEY)
    return judge_answer(
        await _ask(context.config, key), context.config.turns.answer_limit_s
    )


def judge_answer(trip: RoundTrip, limit_s: float) -> Result:
    if trip.up_at is None or trip.sent_at is None:
        reason = trip.loss.reason if trip.loss else "the setup is not answered"
        fault = trip.loss.verdict.fault if trip.loss else None
        return link_failure(reason, fault or Fault.NETWORK)
    up_ms = round(1000 * (trip.up_at - trip.began_at))
    if trip.loss:
        text = f"the link was lost after the question: {trip.loss.reason}"
        if trip.loss.verdict.fault:
            return link_failure(text, trip.loss.verdict.fault, up_ms=up_ms)
        return fail(text, _JOURNAL, Signal.LOST, up_ms=up_ms)
    if trip.first_audio_at is None:
        within = "no sound in it" if trip.ended else f"none within {limit_s:g} s"
        return fail(f"no answer: {within}", _JOURNAL, Signal.NO_ANSWER, up_ms=up_ms)
    latency_ms = round(1000 * (trip.first_audio_at - trip.sent_at))
    return ok(
        f"answered {latency_ms} ms after the question, {trip.answer_s:.1f} s of speech "
        f"(link up in {up_ms} ms)",
        up_ms=up_ms,
        latency_ms=latency_ms,
        answer_s=round(trip.answer_s, 2),
    )


async def _ask(config: Config, key: Secret) -> RoundTrip:
    events: asyncio.Queue[tuple[float, ev.Event]] = asyncio.Queue()
    session = Session(
        endpoint=config.live.endpoint,
        proxy=config.live.proxy or None,
        settings=live_settings(config),
        key=key,
        handle=None,
        post=lambda event: events.put_nowait((time.monotonic(), event)),
        unheard_s=lambda: 0.0,
        complain=lambda _: None,
    )
    log = _Log(events, time.monotonic())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(session.run())
        running.add_done_callback(
            lambda _: events.put_nowait((time.monotonic(), ev.LinkLost(None, "")))
        )
        if await log.until(_OPEN_LIMIT_S, ev.LinkUp):
            _say(session)
            limit_s = config.turns.answer_limit_s
            if await log.until(limit_s, ev.AnswerAudio, ev.AnswerEnded):
                await log.until(_WHOLE_LIMIT_S, ev.AnswerGenerated, ev.AnswerEnded)
        session.end()
    return log.trip(running.result())


def _say(session: Session) -> None:
    pcm = question()
    period_bytes = Config().microphone.period_frames * FRAME_BYTES
    session.send(OpenTurn(1))
    for begin in range(0, len(pcm), period_bytes):
        session.send(SendAudio(pcm[begin : begin + period_bytes]))
    session.send(CloseTurn(1))


class _Log:
    """Takes the events of the session, and keeps the first instant of each kind."""

    def __init__(
        self, events: asyncio.Queue[tuple[float, ev.Event]], began_at: float
    ) -> None:
        self._events = events
        self._began_at = began_at
        self._first: dict[type, float] = {}
        self._answer_s = 0.0
        self._sent_at: float | None = None

    async def until(self, limit_s: float, *kinds: type[ev.Event]) -> bool:
        """Whether one of `kinds` has come within `limit_s`, and before the end."""
        try:
            async with asyncio.timeout(limit_s):
                while not self._first.keys() & {*kinds, ev.LinkLost}:
                    self._note(*await self._events.get())
        except TimeoutError:
            return False
        return ev.LinkLost not in self._first

    def trip(self, loss: SessionEnd | None) -> RoundTrip:
        return RoundTrip(
            began_at=self._began_at,
            up_at=self._first.get(ev.LinkUp),
            sent_at=self._sent_at,
            first_audio_at=self._first.get(ev.AnswerAudio),
            answer_s=self._answer_s,
            ended=ev.AnswerEnded in self._first,
            loss=loss,
        )

    def _note(self, at: float, event: ev.Event) -> None:
        self._first.setdefault(type(event), at)
        if isinstance(event, ev.OrderTaken) and isinstance(event.order, CloseTurn):
            self._sent_at = at
        if isinstance(event, ev.AnswerAudio):
            self._answer_s += seconds(event.pcm, PLAYBACK_RATE_HZ)
