# SPDX-License-Identifier: MIT
"""The output of a demo: a timeline as it happens, then a table of latencies."""

import json
import sys
import time
from collections.abc import Callable, Iterator

from appliance.basics.excerpt import LONGEST_TEXT, printable
from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.basics.streams import write
from appliance.config.sections import PricesSection
from appliance.core.events import StopRequested
from appliance.core.signals import Earcon
from appliance.core.talk_mode import TalkMode
from appliance.demo.timeline import Record, Timeline
from appliance.journal.transition import Transition
from appliance.journal.turn_report import Report

_TEXTS: dict[str, Callable[[Record], str]] = {
    "ready": lambda r: "box      ready",
    "press": lambda r: "button   pressed",
    "release": lambda r: "button   released",
    "tap": lambda r: "button   that was a tap: nothing is sent",
    "led": lambda r: f"LED      {r['pattern']}",
    "link": lambda r: f"link     {r['state']}",
    "answer_started": lambda r: f"turn {r['turn']}   the answer begins",
    "answer_ended": lambda r: f"turn {r['turn']}   the answer is all there",
    "answer_cut": lambda r: f"turn {r['turn']}   the answer breaks off",
    "playback_dropped": lambda r: "speaker  silenced",
    "playback_drained": lambda r: "speaker  all played",
    "earcon": lambda r: f"speaker  sound: {Earcon(r['name']).value}",
    "sentence": lambda r: f"speaker  says: {r['name']}",
    "status": lambda r: f"speaker  says: {r['name']}, and where it is",
    "volume": lambda r: f"speaker  volume {r['percent']} %",
    "tool_called": lambda r: f"tool     {r['name']} called",
    "tool_answered": lambda r: f"tool     {r['name']}: {_short(r['response'])}",
    "tools_cancelled": lambda r: f"tool     {', '.join(r['names'])} cancelled",
    "fault": lambda r: f"fault    {r['kind']}",
    "fault_cleared": lambda r: f"fault    {r['kind']}: working again",
}
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("hold", "HOLD_MS"),
    ("press to wire", "PRESS_TO_WIRE_MS"),
    ("release to first sound", "RELEASE_TO_FIRST_SOUND_MS"),
    ("the box", "OWN_MS"),
    ("answer", "ANSWER_MS"),
    ("press to silence", "BARGE_IN_CUT_MS"),
    ("underruns", "UNDERRUNS"),
)


class Screen:
    """Writes to stdout: text for people, or (`as_json`) one object a line.

    Raises as `write`.

    Threads: the event loop's only.
    """

    def __init__(
        self, *, as_json: bool, prices: PricesSection, transcripts: bool = False
    ) -> None:
        self._as_json = as_json
        self._timeline = Timeline(prices, transcripts=transcripts)
        self._started_at = time.monotonic()
        #: The turns that are over.
        self.reports: list[Report] = []

    def follow(self, transition: Transition) -> None:
        self.reports += transition.reports
        for record in self._timeline.records(transition):
            self._show(record, transition)

    def table(self) -> str:
        """The latencies in ms, a line per turn."""
        heads = ["turn", *(head for head, _ in _COLUMNS), "outcome"]
        rows = [heads, *(_row(report) for report in self.reports)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
        return "\n".join(
            "  ".join(
                cell.rjust(width) for cell, width in zip(row, widths, strict=True)
            )
            for row in rows
        )

    def _show(self, record: Record, transition: Transition) -> None:
        if self._as_json:
            write(json.dumps(record), sys.stdout)
            return
        for text in _texts(record, transition):
            shown = printable(text, LONGEST_TEXT)
            write(f"{record['t'] - self._started_at:7.2f} s  {shown}", sys.stdout)


def _texts(record: Record, transition: Transition) -> Iterator[str]:
    match record["event"]:
        case "turn_opened":
            yield f"turn {record['turn']}   {_opened(transition)}"
        case "turn_closed":
            yield f"turn {record['turn']}   {_closed(record, transition)}"
        case "turn_over":
            for name in ("said", "answered"):
                if words := record.get(name):
                    yield f"turn {record['turn']}   {name}: {words.strip()}"
        case event if event in _TEXTS:
            yield _TEXTS[event](record)


def _opened(transition: Transition) -> str:
    c = transition.after
    from_pre_roll = c.limits.pre_roll_s and c.talk.mode is not TalkMode.HANDS_FREE
    return "sending, from the pre-roll on" if from_pre_roll else "sending"


def _closed(record: Record, transition: Transition) -> str:
    microphone = transition.before.microphone
    if microphone and microphone.turn == record["turn"]:
        # The service does not say which part was speech.
        open_s = min(record["t"], microphone.until) - microphone.since
        return f"microphone closed after {open_s:.1f} s"
    sent = "stopped after" if isinstance(transition.event, StopRequested) else "sent:"
    return f"{sent} {record['frames'] / CAPTURE_RATE_HZ:.2f} s of speech"


def _short(response: Record) -> str:
    text = json.dumps(response, ensure_ascii=False)
    return text if len(text) < 60 else f"{text[:56]}..."


def _row(report: Report) -> list[str]:
    fields = report.fields()
    cells = [str(fields.get(name, "-")) for _, name in _COLUMNS]
    return [str(report.turn), *cells, report.outcome]


def say(text: str, *, as_json: bool) -> None:
    """A line for people, out of the way of JSON on stdout."""
    write(text, sys.stderr if as_json else sys.stdout)
