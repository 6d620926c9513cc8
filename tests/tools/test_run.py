# SPDX-License-Identifier: MIT
"""Programs that hang, flood, crash and leave children behind; all of them real."""

import asyncio
import json
import logging
import os
import sys
import time

import pytest

from appliance.tools.run import MOST_BYTES, ToolFailed, run
from tests.rig.waiting import in_loop, until

LONG_S = 30.0


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def shell(program: str) -> list[str]:
    return ["/bin/sh", "-c", program]


async def answer_of(command, arguments=b"{}", time_limit_s=LONG_S):
    said = await run(command, arguments, name="lamp", time_limit_s=time_limit_s)
    return json.loads(said)


async def failure_of(command, time_limit_s=LONG_S) -> str:
    with pytest.raises(ToolFailed) as failed:
        await answer_of(command, time_limit_s=time_limit_s)
    return str(failed.value)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


@in_loop
async def test_the_arguments_are_json_on_stdin_and_the_answer_is_json_on_stdout():
    echo = python(
        "import json,sys; json.dump({'got': json.load(sys.stdin)}, sys.stdout)"
    )
    assert await answer_of(echo, b'{"on":"\\u00e4"}') == {"got": {"on": "ä"}}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("", {"result": "done"}),
        ("21.5", {"result": 21.5}),
        ('["a"]', {"result": ["a"]}),
        ('"well"', {"result": "well"}),
    ],
)
@in_loop
async def test_what_is_no_object_is_its_result(said, answer):
    assert await answer_of(["/usr/bin/printf", "%s", said]) == answer


@pytest.mark.parametrize("said", ["all well", "NaN", "{", "[" * 5000, "\\377"])
@in_loop
async def test_what_is_not_json_is_a_failure(said):
    assert await failure_of(["/usr/bin/printf", said]) == "its answer is not JSON"


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ('"\\ud800"', "a lone surrogate: half a character"),
        ('{"\\udfff": 1}', "a lone surrogate: half a character"),
        ("[9223372036854775808]", "a whole number beyond 64 bits"),
        ("9" * 4000, "a whole number beyond 64 bits"),
        ("-1e999", "a number without end"),
        ("[" * 60 + "]" * 60, "more than 50 levels"),
    ],
)
@in_loop
async def test_what_the_service_cannot_take_is_a_failure(said, wrong):
    failure = await failure_of(["/usr/bin/printf", "%s", said])
    assert failure == f"its answer has {wrong}"


@in_loop
async def test_whole_characters_and_64_bits_are_taken():
    said = '["\\ud83d\\ude00", 9223372036854775807, 1.5e30, null, true]'
    answer = await answer_of(["/usr/bin/printf", "%s", said])
    assert answer == {"result": ["\U0001f600", 2**63 - 1, 1.5e30, None, True]}


@in_loop
async def test_a_program_that_fails_is_told_by_its_exit_code(caplog):
    assert await failure_of(shell("echo no lamp >&2; exit 3")) == "exit code 3"
    assert caplog.messages == ["tool lamp: no lamp"]


@in_loop
async def test_a_program_that_crashes_is_told_by_its_signal():
    assert await failure_of(shell("kill -SEGV $$")) == "killed by signal 11"


@pytest.mark.parametrize("end", ["kill -KILL $$", "sleep 1000"])
@in_loop
async def test_what_a_killed_program_complained_of_is_not_lost(caplog, end):
    with pytest.raises(ToolFailed) as failed:
        await answer_of(shell(f"echo one >&2; echo 'no\033 lamp' >&2; {end}"), b"", 1)
    assert failed.value.last_words == "no lamp"
    assert caplog.messages == ["tool lamp: one", "tool lamp: no lamp"]


@in_loop
async def test_a_program_that_cannot_be_started_is_told(tmp_path):
    (program := tmp_path / "lamp").touch(0o644)
    assert await failure_of([program]) == "cannot be started: Permission denied"


@in_loop
async def test_a_program_that_is_not_there_is_told(tmp_path):
    failure = await failure_of([str(tmp_path / "lamp")])
    assert failure == "cannot be started: No such file or directory"


@in_loop
async def test_a_program_that_takes_too_much_memory_gets_no_more(caplog):
    assert await failure_of(python("bytearray(200 << 20)")) == "exit code 1"
    assert caplog.messages[-1] == "tool lamp: MemoryError"
    assert await answer_of(python("bytearray(64 << 20)")) == {"result": "done"}


@in_loop
async def test_a_file_that_a_program_writes_does_not_fill_the_disk(tmp_path):
    file = tmp_path / "file"
    endless = (
        f"with open({str(file)!r}, 'wb') as f:\n while True: f.write(bytes(65536))"
    )
    assert await failure_of(python(endless)) == "exit code 1"
    assert file.stat().st_size <= 16 << 20


@in_loop
async def test_a_program_opens_few_files_and_leaves_no_core():
    limits = 'echo "[$(ulimit -n), $(ulimit -c)]"'
    assert await answer_of(shell(limits)) == {"result": [256, 0]}


@in_loop
async def test_a_program_that_hangs_is_killed_with_all_its_children(tmp_path):
    pids = tmp_path / "pids"
    hang = f"trap '' TERM; sleep 1000 & echo $$ $! > {pids}; wait; sleep 1000"
    assert await failure_of(shell(hang), 0.5) == "no answer in 0.5 s"
    for pid in pids.read_text().split():
        await until(lambda pid=pid: not is_alive(int(pid)))


@in_loop
async def test_a_child_that_stays_behind_ends_with_its_tool(tmp_path):
    pid = tmp_path / "pid"
    stays = f"sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > {pid}"
    assert await answer_of(shell(stays)) == {"result": "done"}
    await until(lambda: not is_alive(int(pid.read_text())))


@pytest.mark.parametrize("child", ["sleep 8", "setsid sleep 8", "(sleep 8 & wait)"])
@in_loop
async def test_an_answer_counts_though_a_child_of_the_program_runs_on(child):
    began_at = time.monotonic()
    answers = f"{child} & sleep 0.1; echo '[1, 2]'"
    assert await answer_of(shell(answers)) == {"result": [1, 2]}
    assert time.monotonic() - began_at < 8


@in_loop
async def test_a_large_answer_is_whole_though_a_child_of_the_program_runs_on():
    answers = f"setsid sleep 8 & printf '\"%0{MOST_BYTES - 10}d\"' 7"
    assert len((await answer_of(shell(answers)))["result"]) == MOST_BYTES - 10


@in_loop
async def test_a_program_that_fails_does_so_though_a_child_of_it_runs_on():
    assert await failure_of(shell("setsid sleep 8 & exit 3")) == "exit code 3"


@pytest.mark.parametrize(
    ("where", "how"), [("stdout", "answers with"), ("stderr", "complains in")]
)
@in_loop
async def test_a_program_that_floods_is_killed_and_the_loop_goes_on(where, how):
    beats = 0

    async def beat():
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.001)

    beating = asyncio.create_task(beat())
    flood = f"import sys\nwhile True: sys.{where}.write('x' * 100_000)"
    assert await failure_of(python(flood)) == f"{how} more than 64 KiB"
    beating.cancel()
    assert beats > 3


@in_loop
async def test_an_answer_as_long_as_allowed_is_taken():
    longest = python(f"print('\"' + 'x' * {MOST_BYTES - 3} + '\"')")
    assert len((await answer_of(longest))["result"]) == MOST_BYTES - 3


@in_loop
async def test_a_program_that_reads_nothing_does_not_keep_its_arguments(tmp_path):
    many = json.dumps({"text": "x" * 1_000_000}).encode()
    assert await answer_of(["/bin/true"], many) == {"result": "done"}


@in_loop
async def test_of_many_complaints_the_journal_gets_some(caplog):
    await answer_of(
        python("import sys\nfor n in range(100): print(n, file=sys.stderr)")
    )
    lines = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(lines) == 21
    assert lines[0].message == "tool lamp: 80 lines, and then"
    assert lines[-1].message == "tool lamp: 99"


@in_loop
async def test_it_sees_neither_key_nor_credentials_nor_systemd(monkeypatch):
    for name in ("GEMINI_API_KEY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "X_Y"):
        monkeypatch.setenv(name, "secret")
    look = python("import json,os; print(json.dumps(dict(os.environ)))")
    seen = await answer_of(look)
    assert "secret" not in seen.values()
    assert seen.keys() <= {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "LC_CTYPE"}


@in_loop
async def test_it_has_a_session_of_its_own_and_no_file_of_the_service():
    look = (
        "import os; print([os.getsid(0) == os.getpid(), os.listdir('/proc/self/fd')])"
    )
    own = await answer_of(
        python(look.replace("print(", "import json; print(json.dumps(") + ")")
    )
    leads, files = own["result"]
    assert leads
    assert set(files) <= {"0", "1", "2", "3"}  # 3 reads the directory itself


@in_loop
async def test_where_memory_is_short_it_goes_first():
    # The parent writes it as soon as the program runs.
    look = "sleep 0.3; cat /proc/self/oom_score_adj"
    assert await answer_of(shell(look)) == {"result": 1000}


@in_loop
async def test_a_cancelled_run_leaves_nothing_behind(tmp_path):
    pid = tmp_path / "pid"
    running = asyncio.create_task(answer_of(shell(f"echo $$ > {pid}; exec sleep 1000")))
    await until(lambda: pid.exists() and pid.read_text().strip())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not is_alive(int(pid.read_text())))
