# SPDX-License-Identifier: MIT
"""Bring-up and trouble: their commands, blink codes and journal lines are real."""

import re

from appliance.core.signals import TABLE
from appliance.doctor.checks import SECTIONS
from docs.generate.documents import ROOT

HW = ROOT / "hw"
DOCTOR = ROOT / "appliance" / "doctor"
DOCUMENTS = [HW / "README.md", HW / "bring-up.md"]
#: What the journal says besides the situations of TABLE.
OTHER_LINES = {"turn", "link lost", "ready", "[button] talk_gpio", "[led] gpio"}


def complaints() -> list[list[str]]:
    """The rows of the table of docs/trouble.md."""
    text = (ROOT / "docs" / "trouble.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows[1:]]


def test_each_complaint_has_its_columns_and_a_line_of_the_doctor():
    sources = [*DOCTOR.glob("*.py"), DOCTOR.parent / "live" / "close_codes.py"]
    said = "".join(path.read_text() for path in sources)
    for what, _led, _line, doctor, _advice in complaints():
        for part in doctor.split("; ") if doctor != "–" else ():
            sections, _, words = part.partition(": ")
            assert set(sections.split(", ")) <= set(SECTIONS), what
            texts = re.findall(r"`([^`]+)`", words)
            assert texts, what
            assert [text for text in texts if text not in said] == [], what


def test_each_section_of_the_doctor_that_can_fail_is_in_the_table():
    named = " ".join(doctor for _, _, _, doctor, _ in complaints())
    assert [name for name in SECTIONS if name not in named] == ["board"]


def test_each_journal_line_is_one_that_the_service_writes():
    situations = [row.situation for row in TABLE.values()]
    for what, _, line, _, _ in complaints():
        for begins in re.findall(r"`([^`]+)`", line):
            known = [s for s in situations if s.startswith(begins)]
            assert known or begins in OTHER_LINES, what


def test_each_blink_code_is_that_of_its_journal_line():
    for what, led, line, _, _ in complaints():
        blinks = set(re.findall(r"\d", led))
        rows = [r for r in TABLE.values() if f"`{r.situation}`" in line]
        coded = {m[0] for row in rows if (m := re.match(r"\d", row.led))}
        assert coded <= blinks, what
        if "`link lost`" not in line and "`nothing" not in line:
            assert blinks <= coded, what


def test_every_fault_that_blinks_is_in_the_table():
    lines = " ".join(line for _, _, line, _, _ in complaints())
    for row in TABLE.values():
        if "blink" in row.led and "pause" in row.led:
            assert f"`{row.situation}`" in lines, row.situation
