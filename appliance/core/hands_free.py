# SPDX-License-Identifier: MIT
"""Talking without the button: the microphone is open, and the service tells turns."""

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES, cut, seconds
from appliance.basics.record import replace
from appliance.core import events as ev
from appliance.core import playback, reconnect, tool_calls
from appliance.core.capture import OpenMicrophone
from appliance.core.conversation import AT_ONCE, Conversation, Step, Timers, captured_at
from appliance.core.effects import CloseTurn, Effect, OpenTurn, SendAudio
from appliance.core.outbox import fitting
from appliance.core.signals import Earcon, Fault, Signal, worst

#: What was sent and is not answered yet is kept for the next link, but no more than
#: this: most of it may be silence. What waits to be sent has limits of its own.
_KEPT_S = 15.0
#: So far an open microphone may fall behind on a line that is too slow for it.
_BEHIND_S = 8.0
#: No more than this is excused by a link that was down, or by a tool.
_EXCUSED_S = 120.0
#: Ends what was said last: the service waits for silence, and may ignore the word that
#: the stream has ended.
_SILENCE = bytes(int(1.5 * CAPTURE_RATE_HZ) * FRAME_BYTES)


def press(c: Conversation, at: float, now: float) -> Step:
    """Silence an answer; or else open the microphone, or close it."""
    if c.microphone:
        pressed = replace(c.microphone, pressed_at=at, warned=False)
        c = replace(c, capture=pressed)
    if c.microphone and c.speaker.quiet_since is not None:
        # What was asked is still to be answered.
        return _toggle(c, at), ()
    opens = not (c.answer or (c.microphone and not c.microphone.closing))
    c, effects = playback.hush(c, now)
    if not opens:
        return c, effects
    c, more = (_toggle(c, at), ()) if c.microphone else _open(c, at, now)
    return c, effects + more


def close_at(c: Conversation, at: float) -> Conversation:
    """What is heard from `at` on is not sent."""
    is_open = c.microphone and not c.microphone.closing
    return _toggle(c, at) if is_open else c


def capture(c: Conversation, period: ev.PeriodCaptured) -> Conversation:
    """Keep what an open microphone heard, to be sent."""
    microphone = c.microphone
    if microphone is None:
        return c
    pcm = cut(period.pcm, period.ended_at, microphone.since, microphone.until)
    if c.talk.half_duplex:
        pcm = _without_echo(c, min(period.ended_at, microphone.until), pcm)
    if not pcm:
        return c
    excused = not c.link.is_up or tool_calls.holds_audio(c)
    excused_s = microphone.excused_s + excused * seconds(pcm, CAPTURE_RATE_HZ)
    pieces = (*microphone.pieces, pcm)
    microphone = replace(microphone, pieces=pieces, excused_s=excused_s)
    while microphone.carried_s > _KEPT_S:
        microphone = microphone.without_oldest()
    return replace(c, capture=microphone)


def deliver(c: Conversation) -> Step:
    """Send what this link has not carried, as long as there is room for it."""
    microphone = c.microphone
    if not c.link.is_up or microphone is None or tool_calls.holds_audio(c):
        return c, ()
    pieces = fitting(microphone.unsent, c.link.outbox.room_s)
    if _is_second(c) or not pieces:
        return c, ()
    effects: list[Effect] = []
    if microphone.sent is None:
        effects.append(OpenTurn(microphone.turn))
    effects += [SendAudio(pcm) for pcm in pieces]
    sent = (microphone.sent or 0) + len(pieces)
    return replace(c, capture=replace(microphone, sent=sent)), tuple(effects)


def answer_begins(c: Conversation) -> Conversation:
    """What was said up to here has arrived: the answer is a turn of its own."""
    if any(c.owed) or not c.link.is_up:
        return c
    if c.microphone:
        c = replace(c, capture=c.microphone.answered())
    promised = next((u.turn for u in c.utterances if u.call), None)
    turn = promised or c.turn + 1
    answers = c.answers.expect(turn)
    return replace(c, turn=max(c.turn, turn), answers=answers)


def waits(c: Conversation) -> bool:
    """Some of what was said cannot be sent yet."""
    return c.microphone is not None and _has_sound(c.microphone.unsent)


def close(c: Conversation, now: float) -> Step:
    """What was said and never reached the service is told as lost; so is what did, if
    no answer begins before the link is gone."""
    c, effects = deliver(c)
    microphone = c.microphone
    if microphone is None:
        return c, ()
    sent = microphone.pieces[: microphone.sent or 0]
    unsent = microphone.unsent
    c = tool_calls.restart_wait(replace(c, capture=None), now)
    if microphone.sent is not None:
        held = tool_calls.holds_audio(c)
        effects += () if held else (SendAudio(_SILENCE),)
        effects += (CloseTurn(microphone.turn),)
    if _has_sound(sent) and not c.answers.unbegun:
        c = replace(c, answers=c.answers.may_come())
    if not _has_sound(unsent):
        return c, effects
    c, more = playback.mishap(c, Signal.LOST, now)
    return c, effects + more


def stop(c: Conversation) -> Step:
    """The box stops: say that it was all."""
    microphone = c.microphone
    if microphone is None or microphone.sent is None:
        return c, ()
    return replace(c, capture=None), (CloseTurn(microphone.turn),)


def timers(c: Conversation) -> Timers:
    """When to warn, when the microphone is closed, and when no link came in time."""
    if c.microphone is None:
        return
    if c.microphone.closing:
        # What a tool holds up may be a question: it is sent when that is done.
        if not tool_calls.holds_audio(c):
            yield _closes_at(c, c.microphone), close
        return
    if not c.link.is_up:
        since = max(c.microphone.since, c.link.left_at)
        yield since + c.limits.delivery_limit_s, _undeliverable
    elif _is_too_slow(c, c.microphone):
        yield AT_ONCE, _too_slow
    until = _limit(c, c.microphone)
    yield until, _cut_off
    if not c.microphone.warned:
        yield until - c.limits.hold_warning_s, _warn


def _limit(c: Conversation, microphone: OpenMicrophone) -> float:
    """Nobody listens for ever: neither to an empty room, nor because the service goes
    on answering."""
    longest = microphone.pressed_at + c.talk.hands_free_longest_s
    if c.answer and c.answer.audible:
        return longest
    since = max(microphone.pressed_at, microphone.heard_at)
    return min(since + c.talk.hands_free_limit_s, longest)


def _closes_at(c: Conversation, microphone: OpenMicrophone) -> float:
    """When all of it is there; and if some of it waits to be sent, not before that, or
    before the line has taken nothing for too long."""
    at = captured_at(c, microphone.until)
    if not waits(c):
        return at
    moved_at = max(microphone.until, c.link.left_at, c.link.outbox.moved_at)
    return max(at, moved_at + c.limits.delivery_limit_s)


def _is_too_slow(c: Conversation, microphone: OpenMicrophone) -> bool:
    """The line takes less than is heard: answers would come later and later."""
    excused_s = min(microphone.excused_s, _EXCUSED_S)
    behind = microphone.behind_s > _BEHIND_S + excused_s
    return behind and not tool_calls.holds_audio(c)


def _is_second(c: Conversation) -> bool:
    """What the box has to say itself has turns of its own, which do not nest."""
    return any(u.sent is None for u in c.utterances)


def _has_sound(pieces: tuple[bytes, ...]) -> bool:
    """Some frame is not zero, as those are that were left out as an echo."""
    # Looked at often: to be done in C.
    return any(piece.strip(b"\0") for piece in pieces)


def _open(c: Conversation, at: float, now: float) -> Step:
    effects: tuple[Effect, ...] = ()
    fault = worst(c.faults)
    if fault is not Fault.MICROPHONE:
        microphone = OpenMicrophone(c.turn + 1, since=at, pressed_at=at)
        c = replace(c, turn=c.turn + 1, capture=microphone)
        c, effects = reconnect.open_link(c)
    if fault:
        c, more = playback.tell_fault(c, fault, now)
        effects += more
    return c, effects


def _toggle(c: Conversation, at: float) -> Conversation:
    """Closed if it was open; and the other way round, if it is closing."""
    microphone = c.microphone
    assert microphone
    if not microphone.closing:
        return replace(c, capture=replace(microphone, until=at))
    since = at if c.pre_roll.ended_at >= microphone.until else microphone.since
    microphone = replace(microphone, since=since, until=float("inf"))
    return replace(c, capture=microphone)


def _undeliverable(c: Conversation, now: float) -> Step:
    return playback.mishap(replace(c, capture=None), Signal.LOST, now)


def _too_slow(c: Conversation, now: float) -> Step:
    """Listening ends; what was heard so far is still sent, and answered."""
    return playback.mishap(_toggle(c, now), Signal.LINE_TOO_SLOW, now)


def _cut_off(c: Conversation, now: float) -> Step:
    return playback.earcon(_toggle(c, now), Earcon.CUT_OFF)


def _warn(c: Conversation, now: float) -> Step:
    assert c.microphone
    return replace(c, capture=replace(c.microphone, warned=True)), ()


def _without_echo(c: Conversation, ended_at: float, pcm: bytes) -> bytes:
    """`pcm`, captured until `ended_at`, silent as long as the room was not."""
    if c.speaker.quiet_since is None:
        return bytes(len(pcm))
    began_at = ended_at - seconds(pcm, CAPTURE_RATE_HZ)
    echo_s = max(0.0, c.speaker.quiet_since - began_at)
    echo_bytes = min(len(pcm), round(echo_s * CAPTURE_RATE_HZ) * FRAME_BYTES)
    return bytes(echo_bytes) + pcm[echo_bytes:]
