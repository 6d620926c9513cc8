# SPDX-License-Identifier: MIT
"""What the documents say is what the code does."""

import re

import pytest
from generated import README, ROOT, updated

from appliance.service.log_lines import TURN_ID
from appliance.service.turn_report import Report


def test_the_readmes_table_is_the_codes():
    assert README.read_text() == updated(README.read_text())


def test_the_readme_names_every_field_of_a_turn():
    full = Report(1, 0.0, released_at=1.0, on_wire_at=1.0, first_sound_at=1.0, cut_ms=1)
    text = README.read_text()
    assert [name for name in full.fields() if name not in text] == []
    assert TURN_ID in text


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", README.read_text()))
def test_each_link_of_the_readme_leads_somewhere(target):
    if target.startswith("#"):
        headings = re.findall(r"^#+ (.*)$", README.read_text(), re.M)
        assert target[1:] in [h.lower().replace(" ", "-") for h in headings]
    elif not target.startswith("https://"):
        assert (ROOT / target).exists()


def test_each_make_target_of_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"(?:^|`)make ([a-z-]+)", README.read_text(), re.M)):
        assert f"\n{target}:" in makefile
