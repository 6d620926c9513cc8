# SPDX-License-Identifier: MIT
"""Libraries in C cannot bury the journal."""

import subprocess
import sys

from appliance.journal.stderr_filter import Noise


def test_a_few_lines_are_said_and_the_others_counted():
    noise = Noise()
    flood = b"".join(b"Expression %d failed\n" % n for n in range(1000))
    assert noise.worth_saying(flood, 0.0) == [
        f"Expression {n} failed" for n in range(5)
    ]
    assert noise.worth_saying(flood, 59.0) == []
    assert noise.worth_saying(b"later\n", 61.0) == [
        "(1995 more lines were left out)",
        "later",
    ]


def test_a_line_may_come_in_pieces_and_an_endless_one_is_cut():
    noise = Noise()
    assert noise.worth_saying(b"half", 0.0) == []
    assert noise.worth_saying(b" and half\n\n", 0.0) == ["half and half"]
    for _ in range(100):
        assert noise.worth_saying(b"x" * 65536, 1.0) == []
    assert noise.worth_saying(b"\n", 1.0) == ["x" * 400]


def test_bytes_that_are_no_text_are_said_all_the_same():
    assert Noise().worth_saying(b"\xff\n", 0.0) == ["\ufffd"]


def test_what_is_written_to_descriptor_2_is_logged_and_python_keeps_its_stderr():
    program = """if True:
        import os, sys
        from appliance.journal import handler as journal
        from appliance.journal import stderr_filter
        stderr_filter.install()
        journal.set_up()
        for _ in range(100_000):
            os.write(2, b"PaAlsaStream_WaitForFrames failed\\n")
        print("python's own", file=sys.stderr)
        listening = sys.modules["threading"].enumerate()[1]
        os.close(2)
        listening.join(10)
    """
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    lines = ended.stderr.splitlines()
    assert "python's own" in lines
    noise = [line for line in lines if "PaAlsaStream" in line]
    assert noise[0] == "WARNING: PaAlsaStream_WaitForFrames failed"
    assert len(lines) <= 6


def test_a_crash_in_c_leaves_a_stack():
    program = """if True:
        import ctypes
        from appliance.journal import stderr_filter
        stderr_filter.install()
        ctypes.string_at(0)
    """
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode < 0
    assert "Fatal Python error: Segmentation fault" in ended.stderr
