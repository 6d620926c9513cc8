# SPDX-License-Identifier: MIT
"""One machine: a Linux kernel that runs as a process, on a disk of its own."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

TREE = Path(__file__).resolve().parents[2]
_MEMORY_MB = 768
#: Folder of the kernel's control socket, else in the home directory.
_UML = "uml"
#: Of a user who is not root, too, it reaches mkfs.
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_POLL_S = 0.05
_LAST_LINES = 30
#: Process groups of the machines that run.
_running: set[int] = set()


@dataclass(frozen=True, slots=True)
class Boot:
    """What is special about a boot: words for the kernel; files on the boot FAT, which
    is new, or that which the boot before has left."""

    words: tuple[str, ...] = ()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    keeps_partition: bool = False


_AS_USUAL = Boot()


class Machine:
    """Boots on entry, is cut off from power on exit if it still runs.

    In the guest, /tree is this source tree, and the programs in guest/ run the
    scenarios of guest/scenarios/`scenarios`.py; what they find out comes line by line
    into results.jsonl in `folder`, which also gets journal.log and console.log.

    Threads: one; another copies the console.
    """

    def __init__(
        self,
        kernel: Path,
        disk: Path | str,
        scenarios: str,
        folder: Path,
        boot: Boot = _AS_USUAL,
    ) -> None:
        """`disk` as the kernel takes it: FILE, or CHANGES,FILE to leave FILE alone."""
        self.booted_at = time.monotonic()
        self._folder = folder
        self._results = folder / "results.jsonl"
        self._results.write_text("")
        self._command = [
            str(kernel),
            f"mem={_MEMORY_MB}M",
            f"uml_dir={folder / _UML}",
            f"ubd0={disk}",
            f"ubd1={_boot_partition(folder, boot)}",
            "root=/dev/ubda",
            "ro",
            "quiet",
            "loglevel=4",
            # The console is the process's own output; its input must be a pipe.
            *("con=null", "con0=fd:0,fd:1", "ssl=null", "console=tty0"),
            f"systemd.mount-extra=none:/tree:hostfs:hostfs={TREE}",
            # As a card has it: what another program opened is busy.
            "snd_aloop.pcm_substreams=1",
            "systemd.show_status=0",
            f"boot-test.scenarios={scenarios}",
            f"boot-test.folder={folder.relative_to(TREE)}",
            f"boot-test.booted-at={time.time():.0f}",
            *boot.words,
        ]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"TMPDIR": str(_memory(self._folder))},
            start_new_session=True,
        )
        _running.add(self._process.pid)
        self.booted_at = time.monotonic()
        assert self._process.stdout is not None
        self._console = threading.Thread(
            target=_copy, args=(self._process.stdout, self._folder / "console.log")
        )
        self._console.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.cut()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def cut(self) -> None:
        """Power off, now."""
        _kill(self._process.pid)
        self._process.wait()
        _running.discard(self._process.pid)
        self._console.join()
        assert self._process.stdin is not None
        self._process.stdin.close()
        shutil.rmtree(self._folder / _UML, ignore_errors=True)

    def results(self, limit_s: float) -> Iterator[dict[str, Any]]:
        """Each result as it comes, until the machine has powered itself off.

        Raises TimeoutError after `limit_s` from the boot.
        """
        with self._results.open() as lines:
            while True:
                running = self.runs
                while (line := lines.readline()).endswith("\n"):
                    yield json.loads(line)
                if not running:
                    return
                if time.monotonic() - self.booted_at > limit_s:
                    raise TimeoutError(f"still running after {limit_s:.0f} s")
                time.sleep(_POLL_S)


def cut_all() -> None:
    """They do not end with this program by themselves."""
    for group in list(_running):
        _kill(group)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def last_lines(folder: Path) -> list[str]:
    """The end of what a machine has written: its journal, else its console."""
    for name in ("journal.log", "console.log"):
        log = folder / name
        if log.exists() and (lines := log.read_text(errors="replace").splitlines()):
            return lines[-_LAST_LINES:]
    return []


def _memory(otherwise: Path) -> Path:
    """Where the file goes that is the machine's memory: in memory, if there is room."""
    shm = shutil.disk_usage("/dev/shm")
    return Path("/dev/shm") if shm.free > 2 * _MEMORY_MB * 2**20 else otherwise


def _boot_partition(folder: Path, boot: Boot) -> Path:
    """A FAT with files on it, as the Pi boots from, and people put files on."""
    partition = folder / "boot.vfat"
    if not boot.keeps_partition:
        partition.unlink(missing_ok=True)
        command = ["mkfs.vfat", "-C", str(partition), "16384"]
        environment = os.environ | {"PATH": _PATH}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        for name in {Path(name).parts[0] for name in boot.files if "/" in name}:
            subprocess.run(["mmd", "-i", str(partition), f"::{name}"], check=True)
    for name, content in boot.files.items():
        mcopy = ["mcopy", "-o", "-i", str(partition), "-", f"::{name}"]
        raw = content.encode() if isinstance(content, str) else content
        subprocess.run(mcopy, check=True, input=raw)
    return partition


def _copy(console: BinaryIO, log: Path) -> None:
    with console, log.open("wb") as output:
        shutil.copyfileobj(console, output)
