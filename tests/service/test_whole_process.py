# SPDX-License-Identifier: MIT
"""The process under attack: killed at any instant, on a full and read-only disk."""

import os
import random
import signal
import stat
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.simulator.live.server import LiveServer
from tests.rig.box import Box
from tests.rig.own_process import NotifySocket, process
from tests.rig.room import Room
from tests.rig.waiting import in_loop

PACKAGE = Path(__file__).parents[2] / "appliance"
SEED = int(os.environ.get("SEED", "1"))
PINGS = {"WATCHDOG_USEC": "1000000"}

#: Says on stderr what a process does to the file system (PEP 578).
AUDIT = """
import os, sys
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink",
    "os.truncate", "os.chmod", "os.chown", "shutil.copyfile", "tempfile.mkstemp"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def audit(event, args):
    changed = event in CHANGES or (
        event == "open" and not isinstance(args[0], int) and args[2] & WRITES)
    if changed and "__pycache__" not in str(args[0]):
        sys.__stderr__.write(f"AUDIT {event} {args[0]}\\n")
sys.addaudithook(audit)
sys.__stderr__.write("AUDIT watches\\n")
"""


@pytest.fixture
def runtime_directory(tmp_path, monkeypatch):
    """The only place where the process may write, as its working directory."""
    directory = tmp_path / "runtime"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


def test_killed_at_any_instant_it_starts_anew_and_nothing_is_left_behind(
    virtual_card, tmp_path, config_file, runtime_directory
):
    """Every other time before it is ready, else while it runs."""
    dice = random.Random(SEED)
    print(f"seed {SEED}")
    for kill in range(10):
        notify = NotifySocket(tmp_path / f"notify-{kill}")
        told = {"NOTIFY_SOCKET": notify.path, "TMPDIR": str(runtime_directory)}
        with process(virtual_card, "run", "--config", config_file, **told) as box:
            if kill % 2:
                notify.next("READY=1")
                time.sleep(dice.uniform(0, 0.5))
            else:
                time.sleep(dice.uniform(0, 1.0))
            box.kill()
        notify.close()
        assert list(runtime_directory.iterdir()) == []
    notify = NotifySocket(tmp_path / "notify-last")
    told = {"NOTIFY_SOCKET": notify.path, **PINGS}
    with process(virtual_card, "run", "--config", config_file, **told):
        notify.next("READY=1")
        notify.next("WATCHDOG=1")
    notify.close()


@in_loop
async def test_a_task_that_dies_ends_the_process_and_systemd_starts_it_anew(
    virtual_card, tmp_path
):
    async with (
        LiveServer() as server,
        Room(tmp_path / "card-0"),
        Box(tmp_path, virtual_card, server.url) as box,
    ):
        await box.until(lambda: box.ready)
        box.command("break-conversation")
        await box.until(lambda: len(box.lives) == 2 and box.ready)
        assert box.lives[0].exit_code == 1


def test_it_changes_no_file_from_start_to_stop(
    virtual_card, notify, config_file, runtime_directory, tmp_path
):
    (tmp_path / "sitecustomize.py").write_text(AUDIT)
    told = {
        "NOTIFY_SOCKET": notify.path,
        "PYTHONPATH": f"{tmp_path}:{PACKAGE.parent}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with process(virtual_card, "run", "--config", config_file, **told) as box:
        notify.next("READY=1")
        written = files_open_for_writing(box.pid)
        box.send_signal(signal.SIGTERM)
        _, err = box.communicate(timeout=10)
    # The card's own tapes: what a sound card's driver would do in the kernel.
    assert {path.parent for path in written} <= {tmp_path / "card-0"}
    assert "AUDIT watches" in err
    assert [line for line in err.splitlines() if line.startswith("AUDIT ")][1:] == []
    assert list(runtime_directory.iterdir()) == []


def test_without_a_byte_of_disk_left_it_gets_ready_and_stays_alive(
    virtual_card, notify, config_file
):
    """RLIMIT_FSIZE=0: every write to a regular file fails, as on a full disk."""
    told = {"NOTIFY_SOCKET": notify.path, **PINGS}
    limit = ["prlimit", "--fsize=0"]
    with process(
        virtual_card, "run", "--config", config_file, under=limit, **told
    ) as box:
        notify.next("READY=1")
        for _ in range(6):
            notify.next("WATCHDOG=1")
        box.send_signal(signal.SIGTERM)
        box.communicate(timeout=10)
    assert box.returncode == 0


@pytest.mark.skipif(
    subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
    reason="a mount namespace of one's own takes root",
)
@in_loop
async def test_on_a_read_only_root_and_in_a_full_directory_it_answers_and_stays_alive(
    virtual_card, tmp_path
):
    full = tmp_path / "full"
    full.mkdir()
    prefix = ["unshare", "-m", "sh", "-c", ONLY_THE_CARD_CAN_BE_WRITTEN, "sh"]
    async with (
        LiveServer() as server,
        Room(tmp_path / "card-0"),
        Box(
            tmp_path,
            virtual_card,
            server.url,
            watchdog_s=4.0,
            environment={"TMPDIR": str(full), "HOME": str(full)},
            prefix=[*prefix, str(tmp_path / "card-0"), str(full)],
        ) as box,
    ):
        await box.until(lambda: box.ready and box.status.startswith("Idle"))
        await box.hold(0.6)
        await box.until(lambda: server.turns and server.turns[0].complete)
        answer = server.turns[0].answer
        await box.until(lambda: answer in virtual_card.heard())
        answered_at = time.monotonic()
        await box.until(lambda: len(box.notify.times("WATCHDOG=1", answered_at)) >= 2)
        journal = box.lines()
        assert await box.stop() == 0
    assert journal[0] == "only the card can be written"
    assert len(box.lives) == 1


#: $1 is the card's directory, $2 becomes a full one; the rest is a command.
ONLY_THE_CARD_CAN_BE_WRITTEN = """
card=$1 full=$2; shift 2
mount --bind "$card" "$card" && mount -t tmpfs -o size=4k none "$full" || exit 1
cat /dev/zero >"$full/everything" 2>/dev/null
for place in $(findmnt -rno TARGET | grep -vE '^/(proc|dev|sys)'); do
    case $place in "$card" | "$full") continue ;; esac
    mount -o remount,bind,ro "$place" || exit 1
done
cd "$full" || exit 1
touch "$card/../no" 2>/dev/null || echo x >>"$full/everything" 2>/dev/null ||
    echo "only the card can be written" >&2
exec "$@"
"""


def files_open_for_writing(pid: int) -> set[Path]:
    """The regular files that a process could write to at this moment."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # It has been closed meanwhile.
            flags_line = (Path(f"/proc/{pid}/fdinfo") / link.name).read_text()
            flags = int(flags_line.split("flags:")[1].split()[0], 8)
            writes = flags & (os.O_WRONLY | os.O_RDWR)
            if stat.S_ISREG(link.stat().st_mode) and writes:
                found.add(link.readlink())
    return found
