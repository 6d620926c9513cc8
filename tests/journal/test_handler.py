# SPDX-License-Identifier: MIT
"""Records as journald gets them."""

import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from systemd import journal as journald

from appliance.core.message_ids import (
    READY_ID,
    RELOAD_FAILED_ID,
    RELOAD_ID,
    TOOL_ID,
)
from appliance.core.signals import TABLE
from appliance.journal.handler import JournalHandler, Repeats, stderr_is_the_journal


def test_a_record_becomes_a_message_with_its_upper_case_fields():
    sent = []
    handler = JournalHandler(lambda message, **fields: sent.append((message, fields)))
    record = logging.makeLogRecord(
        {"msg": "turn %s", "args": (3,), "levelno": logging.WARNING, "name": "x"}
    )
    record.__dict__ |= {"TURN": 3, "MESSAGE_ID": "0" * 32}
    handler.emit(record)
    ((message, fields),) = sent
    assert message == "turn 3"
    assert fields == {
        "PRIORITY": journald.LOG_WARNING,
        "SYSLOG_IDENTIFIER": "voice-appliance",
        "LOGGER": "x",
        "TURN": "3",
        "MESSAGE_ID": "0" * 32,
    }


def sent_of(message, error=None, **fields):
    """What the journal gets of a record."""
    sent = []
    handler = JournalHandler(lambda message, **fields: sent.append((message, fields)))
    exc_info = error and (type(error), error, None)
    record = logging.makeLogRecord({"msg": message, "exc_info": exc_info, **fields})
    handler.emit(record)
    return sent[0]


HOSTILE = f"lamp\n\x1b[2Jturn 9 answered \ud800 {'AIza' + 'x' * 30}"
HARMLESS = "lamp [2Jturn 9 answered AIza***"


def test_a_message_is_one_line_that_no_terminal_obeys():
    message, fields = sent_of(HOSTILE, TOOL=HOSTILE)
    assert message == fields["TOOL"] == HARMLESS


def test_a_traceback_keeps_its_lines_and_nothing_that_a_terminal_obeys():
    message, _ = sent_of("crashed", ValueError(f"{HOSTILE}\n  in the tool"))
    assert message.splitlines()[0] == "crashed"
    assert message.splitlines()[-1] == "  in the tool"
    assert all(line.isprintable() for line in message.splitlines())
    assert "AIzax" not in message


def test_a_flood_is_cut():
    flood = "x" * 10**6
    message, fields = sent_of(flood, ValueError("x\n" * 10**5), TOOL=flood)
    assert len(message) < 20_000
    assert len(fields["TOOL"]) < 20_000
    repeats = Repeats()
    heard(repeats, flood)
    assert max(map(len, repeats._said)) < 20_000


def test_stderr_is_the_journal_when_systemd_says_so(monkeypatch, tmp_path):
    with (tmp_path / "stderr").open("w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        assert not stderr_is_the_journal()
        stream = os.fstat(stderr.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{stream.st_dev}:{stream.st_ino}")
        assert stderr_is_the_journal()


@pytest.mark.parametrize("level", [logging.DEBUG, logging.CRITICAL])
def test_each_level_has_a_priority(level):
    sent = []
    handler = JournalHandler(lambda message, **fields: sent.append(fields))
    handler.emit(logging.makeLogRecord({"msg": "x", "levelno": level}))
    assert sent[0]["PRIORITY"] in (journald.LOG_DEBUG, journald.LOG_CRIT)


def heard(repeats, words, times=1):
    """What of so many repetitions is said."""
    records = [logging.makeLogRecord({"msg": words}) for _ in range(times)]
    return [record.getMessage() for record in records if repeats.filter(record)]


def test_the_same_words_are_said_five_times_an_hour():
    now = 0.0
    repeats = Repeats(lambda: now)
    assert heard(repeats, "link lost", 100) == [
        *["link lost"] * 4,
        "link lost (not said again this hour)",
    ]
    assert heard(repeats, "another thing") == ["another thing"]
    now = 3601.0
    assert heard(repeats, "link lost") == ["link lost"]


def test_what_became_of_a_turn_is_said_each_time():
    repeats = Repeats()
    for turn in range(1, 20):
        record = logging.makeLogRecord({"msg": "no answer", "TURN": turn})
        assert repeats.filter(record)
        assert record.getMessage() == "no answer"


@pytest.mark.parametrize("id_", [RELOAD_ID, RELOAD_FAILED_ID, TOOL_ID, READY_ID])
def test_what_answers_an_order_is_said_each_time(id_):
    repeats = Repeats()
    for _ in range(20):
        record = logging.makeLogRecord({"msg": "reloaded", "MESSAGE_ID": id_})
        assert repeats.filter(record)
        assert record.getMessage() == "reloaded"


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.situation)
def test_a_fault_that_comes_and_goes_is_thinned_out(row):
    repeats = Repeats()
    records = [
        logging.makeLogRecord({"msg": row.situation, "MESSAGE_ID": row.message_id})
        for _ in range(20)
    ]
    assert sum(map(repeats.filter, records)) == 5


def test_threads_that_log_at_once_do_not_fail_each_other():
    repeats = Repeats()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            said = pool.map(lambda n: heard(repeats, f"line {n}"), range(20_000))
            assert all(said)
    finally:
        sys.setswitchinterval(interval)
    assert len(repeats._said) == 200


def test_words_that_never_come_again_are_forgotten():
    repeats = Repeats()
    for number in range(1000):
        assert heard(repeats, f"turn {number}")
    assert len(repeats._said) == 200


CRASH = """
import json, os, sys
from systemd import journal
from appliance.journal import handler
stream = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{stream.st_dev}:{stream.st_ino}"
journal.send = lambda message, **fields: print(json.dumps([message, fields]))
handler.set_up()
raise ExceptionGroup("a task died", [RuntimeError("a bug")])
"""


def test_a_crash_is_one_critical_entry_with_its_traceback():
    ended = subprocess.run(
        [sys.executable, "-c", CRASH], capture_output=True, text=True, timeout=30
    )
    (entry,) = ended.stdout.splitlines()
    message, fields = json.loads(entry)
    assert fields["PRIORITY"] == journald.LOG_CRIT
    assert message.startswith("crashed\n")
    assert "RuntimeError: a bug" in message
    assert (ended.returncode, ended.stderr) == (1, "")
