# SPDX-License-Identifier: MIT
"""The pictures say what the code says, and can be read."""

import re
import xml.etree.ElementTree as Xml
from itertools import combinations, pairwise
from typing import get_args

import pytest

from appliance.cli import parser
from appliance.config.file import Config, limits
from appliance.core import events as ev
from appliance.core.advance import advance
from appliance.core.conversation import start
from appliance.core.led_pattern import blinks
from appliance.core.signals import TABLE, Earcon, Signal
from appliance.demo.screen import _COLUMNS as COLUMNS
from docs.generate import pins, states, terminal, transitions, wiring
from docs.generate.documents import FILES, ROOT
from docs.generate.language import levels
from docs.generate.signals import in_words

#: Others cover the code; with coverage this takes three times as long.
pytestmark = pytest.mark.no_cover

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = {
    path.relative_to(ROOT).as_posix(): picture
    for path, picture in FILES.items()
    if path.suffix == ".svg"
}


def elements(name: str, tag: str) -> list[Xml.Element]:
    return list(Xml.fromstring(PICTURES[name]()).iter(SVG + tag))


def words(name: str) -> list[str]:
    return [element.text or "" for element in elements(name, "text")]


def corners(line: Xml.Element) -> list[tuple[float, ...]]:
    return [tuple(map(float, point.split(","))) for point in line.get("points").split()]


def text_near(texts: list[Xml.Element], x: float, y: float) -> str:
    """The label whose anchor is nearest to a place."""

    def distance(text: Xml.Element) -> float:
        return abs(float(text.get("x")) - x) + abs(float(text.get("y")) - 4 - y)

    return min(texts, key=distance).text


def test_each_wire_of_the_table_runs_from_its_pin_to_its_pad_and_no_other_does():
    """By the labels that stand beside the ends of each line."""
    texts = elements("hw/pictures/wiring.svg", "text")
    drawn = set()
    for line in elements("hw/pictures/wiring.svg", "polyline"):
        if (line.get("class") or "").startswith("wire"):
            (x, y), (end_x, end_y) = corners(line)[0], corners(line)[-1]
            left = end_x < 400
            inside = end_x - 14 if left else end_x + 14
            number, pad = text_near(texts, x, y), text_near(texts, inside, end_y)
            label = text_near(texts, 370 if x < 415 else 460, y - 8)
            drawn.add((int(number), label, pad, line.get("stroke")))
    assert drawn == {
        (wire.header, pins.label_of(wire.header), wire.pad, wire.colour)
        for wire in wiring.drawn_wires()
    }


def test_each_part_that_every_box_has_is_drawn():
    needed = {wire.part for wire in pins.wires() if wire.key is None}
    assert needed <= wiring.parts().keys()


def test_the_pads_of_each_part_stand_in_its_box():
    for part in wiring.parts().values():
        for pad in part.pads:
            assert part.y < part.pad(pad)[1] < part.y + part.height


def test_wires_of_different_pins_never_run_along_each_other():
    runs = []
    for line in elements("hw/pictures/wiring.svg", "polyline"):
        name = line.get("class") or ""
        if name.startswith("wire"):
            runs += [(name.split()[1], *run) for run in pairwise(corners(line))]
    for (pin, a, b), (other, c, d) in combinations(runs, 2):
        if pin != other:
            assert not _side_by_side(a, b, c, d), f"pins {pin} and {other}"


def _side_by_side(a, b, c, d) -> bool:
    for along, across in ((0, 1), (1, 0)):
        parallel = a[across] == b[across] and c[across] == d[across]
        overlap = min(max(a[along], b[along]), max(c[along], d[along])) - max(
            min(a[along], b[along]), min(c[along], d[along])
        )
        if parallel and overlap > 0 and abs(a[across] - c[across]) < 8:
            return True
    return False


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_no_words_overlap_and_none_leave_the_paper(name):
    root = Xml.fromstring(PICTURES[name]())
    boxes = [(_box_of(text), text.text) for text in root.iter(SVG + "text")]
    for (x, y, right, bottom), text in boxes:
        assert x > 4, text
        assert y > 4, text
        assert right < float(root.get("width")) - 4, text
        assert bottom < float(root.get("height")) - 4, text
    for (one, text), (two, other) in combinations(boxes, 2):
        apart = (
            one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
        )
        assert apart, f"{text!r} and {other!r}"


def _box_of(text: Xml.Element) -> tuple[float, float, float, float]:
    """Left, top, right, bottom; widths are those of DejaVu Sans, a wide font."""
    size = float(text.get("font-size"))
    width = len(text.text) * size * (0.7 if text.get("font-weight") else 0.62)
    before = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor")]
    x, baseline = float(text.get("x")) - width * before, float(text.get("y"))
    return x, baseline - 0.75 * size, x + width, baseline + 0.2 * size


def test_the_language_has_each_situation_and_each_sound():
    shown = " ".join(words("docs/pictures/language.svg"))
    for row in TABLE.values():
        assert row.situation in shown
        if row.earcon:
            assert in_words(row.earcon) in words("docs/pictures/language.svg")


def test_the_light_is_drawn_as_the_led_shows_it():
    three = levels(blinks(3), 5.0, once=False)
    edges = [at for (at, a), (_, b) in pairwise(three) if a < b]
    assert edges == pytest.approx([0, 0.45, 0.9, 2.5, 2.95, 3.4])
    assert three[-1][0] <= 5.0
    idle = levels(TABLE[Signal.IDLE].pattern, 5.0, once=False)
    assert {level for _, level in idle} == {Config().led.idle_brightness}
    assert idle[-1][0] == 5.0


def test_each_earcon_has_words_of_its_own():
    assert len({in_words(earcon) for earcon in Earcon}) == len(Earcon)
    assert in_words(Earcon.KEY_REJECTED) == "two notes falling, then 2 short"


def test_the_terminal_shows_a_whole_run_of_the_demo_as_it_speaks_now():
    lines = terminal.RECORDING.read_text().splitlines()
    timeline = [line.split("s  ", 1)[1] for line in lines if "s  " in line[:12]]
    said = {line[:8].strip().split(" ")[0] for line in timeline}
    assert said == {"link", "LED", "box", "speaker", "button", "turn"}
    for signal in ("starting", "idle", "listening", "thinking", "speaking"):
        assert f"LED      {TABLE[Signal(signal)].pattern.name}" in timeline
    (heads,) = (line for line in lines if line.startswith("turn "))
    assert re.split("  +", heads) == ["turn", *(head for head, _ in COLUMNS), "outcome"]
    shown = [
        text.replace("\N{NO-BREAK SPACE}", " ")
        for text in words("docs/pictures/demo.svg")
    ]
    assert shown[1:] == [line.strip() for line in lines if line]


def test_what_the_terminal_shows_was_run():
    assert parser().parse_args(terminal.COMMAND[1:]).virtual_card
    assert words("docs/pictures/demo.svg")[0].replace("\N{NO-BREAK SPACE}", " ") == (
        f"$ {' '.join(terminal.COMMAND)}"
    )
    assert (ROOT / terminal.COMMAND[-1]).exists()


def test_the_states_are_told_every_event_that_can_change_them():
    untold = transitions.WITHOUT_EFFECT | transitions.OF_TOOLS
    assert transitions.told() | untold == set(get_args(ev.Event))


@pytest.mark.parametrize(
    "kind", sorted(transitions.WITHOUT_EFFECT, key=str), ids=lambda kind: kind.__name__
)
def test_what_the_states_are_not_told_changes_nothing(kind):
    conversation = start(limits(Config()), 0.0)
    blank = kind(*(0 for _ in kind.__match_args__))
    assert advance(conversation, blank, 1.0) == (conversation, ())


def test_each_transition_is_an_arrow_with_its_reasons():
    lines = states.diagram().splitlines()
    found = transitions.transitions()
    for (before, after), kinds in found.items():
        (arrow,) = (x for x in lines if f" {before.value} --> {after.value}: " in x)
        for kind in kinds:
            assert states.WORDS[kind, after] in arrow
    assert sum("-->" in line for line in lines) == len(found) + 1


def test_a_transition_without_words_is_not_left_out_in_silence():
    idle, speaking = states.IDLE, states.SPEAKING
    with pytest.raises(KeyError):
        states.diagram({(idle, speaking): {ev.StopRequested}})
