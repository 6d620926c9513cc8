# SPDX-License-Identifier: MIT
"""One cut of each kind on the speaker's card, and whether it plays on."""

import asyncio

import pytest

from appliance.core.signals import Signal
from appliance.doctor import cut
from appliance.doctor.cut import Trial, judge_cuts
from appliance.doctor.report import examine
from tests.doctor.fixture import CONFIG, FAIL, OK, box, examined

GOOD, DEAD = Trial(3, plays_on=True), Trial(4, plays_on=False)


def test_a_card_that_takes_both_cuts_plays_on_and_is_stopped_by_one_only(virtual_card):
    found = examined(cut.examine_cut, box())
    assert found.verdict is OK, found
    assert "the card plays on after both" in found.text
    assert found.figures["run_out_plays_on"]
    assert found.figures["restart_plays_on"]
    # Open, open again, and the restart; a busy machine may add underruns.
    assert len(virtual_card.starts("speaker")) >= 3


def test_a_card_that_does_not_play_on_after_a_restart_is_told(virtual_card):
    # The restart is the second time that it is stopped: the first is the closing
    # after the run-out, which this fault would be spent on.
    fault, opened = virtual_card.fault, cut.opened

    def breaks(speaker):
        if speaker._cut == "restart":
            fault("speaker", "once")
        return opened(speaker)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cut, "opened", breaks)
        found = examined(cut.examine_cut, box())
    assert (found.verdict, found.figures["restart_plays_on"]) == (OK, False)
    assert (
        "does not play on; if it stays so: sudo reboot; leave [speaker]" in found.text
    )


@pytest.mark.parametrize(
    ("run_out", "restart", "used", "verdict", "words"),
    [
        (GOOD, GOOD, "run-out", OK, "pop, keep the other kind; taken: run-out"),
        (GOOD, GOOD, "restart", OK, "pop, keep the other kind; taken: restart"),
        (GOOD, DEAD, "run-out", OK, 'leave [speaker] cut = "run-out"'),
        (GOOD, DEAD, "restart", FAIL, "sudo reboot"),
        (DEAD, None, "run-out", FAIL, "though nobody stopped it"),
    ],
)
def test_the_verdict_is_about_the_kind_that_the_service_makes(
    run_out, restart, used, verdict, words
):
    found = judge_cuts(run_out, restart, used)
    assert (found.verdict, words in found.text) == (verdict, True), found
    assert bool(found.mend) is (verdict is FAIL)


@pytest.mark.parametrize("fault", ["busy", "gone", "stall"])
def test_a_speaker_that_cannot_be_had_fails(virtual_card, fault):
    virtual_card.fault("speaker", fault)
    found = examined(cut.examine_cut, box())
    assert (found.verdict, found.signal) == (FAIL, Signal.SPEAKER)


def test_while_the_service_has_the_card_it_says_so(virtual_card, capsys):
    running = box(config=CONFIG, in_use=True)
    assert asyncio.run(examine(running, {"speaker"}, as_json=False))
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if "cuts" in line]
    assert line.startswith("SKIP")
    assert "in use by the running service" in line
    assert virtual_card.starts("speaker") == []
