# SPDX-License-Identifier: MIT
"""The simulator alone, for any client: serves, and tells on stdout what happens."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator

from appliance.basics.excerpt import LONGEST_TEXT, printable
from appliance.basics.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ, seconds
from appliance.simulator.live.proto import encode
from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.service import HeardTurn, ToolCall
from appliance.simulator.scenario import Dialect, Scenario

_WORTH_TELLING = ("> setup", "> close", "> lost", "< goAway", "< close", "< drop")
_WHOLE_STORY = 2  # lines


async def simulate(
    port: int,
    scenario: Scenario,
    dialect: Dialect = "today",
    tell: Callable[[str], None] = print,
) -> None:
    """Serves on `port` of the loopback until cancelled, SIGINT or SIGTERM.

    Tells the URL, then a line for each connection, turn and tool call. Raises as
    LiveServer, and what `tell` raises in an ExceptionGroup.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with (
        LiveServer(scenario, port=port, dialect=dialect) as server,
        asyncio.TaskGroup() as tasks,
    ):
        tell(f"Gemini Live simulator at {server.url}")
        narrating = tasks.create_task(_narrate(server, tell))
        await stopped.wait()
        narrating.cancel()


async def _narrate(server: LiveServer, tell: Callable[[str], None]) -> None:
    seen = 0
    told: Counter[str] = Counter()
    while True:
        news = server.transcript[seen:]
        seen += len(news)
        for link, line in news:
            if line.startswith(_WORTH_TELLING):
                tell(printable(f"link {link}: {line}", LONGEST_TEXT))
        for name, lines in _untold(server, told):
            for line in lines[told[name] :]:
                tell(printable(f"{name} {line}", LONGEST_TEXT))
            told[name] = len(lines)
        await server.wait_for(_longer_than(seen))


def _longer_than(seen: int) -> Callable[[LiveServer], bool]:
    return lambda server: len(server.transcript) > seen


def _untold(server: LiveServer, told: Counter[str]) -> Iterator[tuple[str, list[str]]]:
    """What has a name, and its story so far; not if it was told to the end."""
    for turn in server.turns:
        name = f"link {turn.link}: turn {turn.number}"
        if told[name] < _WHOLE_STORY:
            yield name, _story(turn)
    for call in server.calls:
        name = f"link {call.link}: {call.id}"
        if told[name] < _WHOLE_STORY:
            yield name, _call_story(call)


def _story(turn: HeardTurn) -> list[str]:
    """What there is to tell about `turn` so far; it only grows at its end."""
    if turn.closed_at is None:
        return []
    heard = f"heard: {seconds(turn.heard, CAPTURE_RATE_HZ):.1f} s"
    spoken = f"{seconds(turn.answer, PLAYBACK_RATE_HZ):.1f} s"
    if turn.interrupted:
        return [heard, f"interrupted: {spoken} sent"]
    if not turn.complete:
        return [heard]
    wait_s = (turn.first_audio_at or turn.closed_at) - turn.closed_at
    return [heard, f"answered: {spoken}, first audio after {wait_s:.2f} s"]


def _call_story(call: ToolCall) -> list[str]:
    called = f"of turn {call.turn}: {call.name} {encode(call.args).decode()}"
    if call.cancelled:
        return [called, "cancelled"]
    if call.response is None:
        return [called]
    return [called, f"answered: {encode(call.response).decode()}"]
