# SPDX-License-Identifier: MIT
"""Tries, in the sandbox of the service, what it must not and what it must be able to.

Writes {what: whether it is as it should be} to probe.json in its runtime directory.
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_RUNTIME = Path(os.environ["RUNTIME_DIRECTORY"])
_CLONE_NEWUSER = 0x10000000
_libc = ctypes.CDLL(None, use_errno=True)


def _read(path: str) -> Callable[[], object]:
    return lambda: Path(path).read_bytes()


def _write(path: str) -> Callable[[], object]:
    return lambda: Path(path).write_text("")


def _device(path: str) -> Callable[[], object]:
    return lambda: os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


def _call(name: str, *arguments: object) -> Callable[[], object]:
    """A function of the C library that says no by a negative result."""

    def call() -> None:
        if getattr(_libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)

    return call


def _others() -> None:
    """Succeeds if it sees a process of somebody else."""
    pids = [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()
    ]
    if not [pid for pid in pids if Path(f"/proc/{pid}").stat().st_uid != os.getuid()]:
        raise PermissionError("none")


def _privileged() -> None:
    """Succeeds if it has a capability, or may get one by a setuid program."""
    status = Path("/proc/self/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    none = all(
        int(facts[f"Cap{kind}"], 16) == 0 for kind in ("Eff", "Prm", "Bnd", "Amb")
    )
    if none and facts["NoNewPrivs"] == "1":
        raise PermissionError("none")


def _connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def _dump_core() -> None:
    """Succeeds if a crash may leave what the process had in memory."""
    if resource.getrlimit(resource.RLIMIT_CORE) == (0, 0):
        raise PermissionError("none")


def _fork_without_end() -> None:
    """Succeeds if nothing stops it at two hundred processes."""
    children = []
    try:
        for _ in range(200):
            if not (child := os.fork()):
                signal.pause()
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


MUST_NOT: dict[str, Callable[[], object]] = {
    "read /etc/shadow": _read("/etc/shadow"),
    "read the key's file": _read("/etc/credstore.encrypted/gemini-api-key"),
    "read the boot partition": lambda: os.listdir("/boot/firmware"),
    "read /root": lambda: os.listdir("/root"),
    "read the kernel's log": _device("/dev/kmsg"),
    "open the disk": _device("/dev/ubda"),
    # With the letter that stops it again (Documentation/watchdog).
    "open the watchdog": lambda: Path("/dev/watchdog").write_text("V"),
    "open the console": _device("/dev/tty0"),
    "write to /etc": _write("/etc/voice-appliance/probe"),
    "write to /usr": _write("/usr/lib/python3/dist-packages/probe.py"),
    "write to /var": _write("/var/lib/probe"),
    "write to /run": _write("/run/probe"),
    "write to /dev/shm": _write("/dev/shm/probe"),
    "write to /var/tmp": _write("/var/tmp/probe"),
    "dump a core": _dump_core,
    "configure the kernel": lambda: os.mkdir("/sys/kernel/config/gpio-sim/probe"),
    "change a kernel setting": _write("/proc/sys/kernel/hostname"),
    "see others' processes": _others,
    "hold or gain privileges": _privileged,
    "become root": lambda: os.setuid(0),
    "make a user namespace": _call("unshare", _CLONE_NEWUSER),
    "mount": _call("mount", b"none", b"/mnt", b"tmpfs", 0, None),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "ask for real time": lambda: os.sched_setscheduler(
        0, os.SCHED_FIFO, os.sched_param(1)
    ),
    "map memory to write and run": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "read raw network packets": lambda: socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW
    ),
    "fork without end": _fork_without_end,
    "make a setuid file": lambda: os.chmod(_made("setuid"), 0o4755),
}
MUST: dict[str, Callable[[], object]] = {
    "open the GPIO chip": _device("/dev/gpiochip0"),
    "dim by the kernel's PWM": lambda: _of_the_chip("sim_gpio1/pull").write_text(
        "pull-up"
    ),
    "open the sound card": _device("/dev/snd/controlC0"),
    "open a playback device": _device("/dev/snd/pcmC0D0p"),
    "list the sound cards": _read("/proc/asound/cards"),
    "read which board it is": _read("/proc/cpuinfo"),
    "read its configuration": _read("/etc/voice-appliance/config.toml"),
    "read its key": lambda: _a_key().read_text(),
    "make lgpio's FIFO": lambda: os.mkfifo(_RUNTIME / "fifo"),
    "use the network": _connect,
    "read the certificates": _read("/etc/ssl/certs/ca-certificates.crt"),
    "run ALSA's tools": lambda: subprocess.run(["aplay", "--version"], check=True),
}


def _made(name: str) -> Path:
    path = _RUNTIME / name
    path.touch()
    return path


def _of_the_chip(name: str) -> Path:
    """A file of sysfs that stands for those of a PWM: the scenario has opened it."""
    return next(Path("/sys/devices/platform").glob(f"gpio-sim.*/gpiochip*/{name}"))


def _a_key() -> Path:
    return next(Path(os.environ["CREDENTIALS_DIRECTORY"]).iterdir())


def _succeeds(attempt: Callable[[], object]) -> bool:
    """In a process of its own: some change the process that they succeed in."""
    if child := os.fork():
        return os.waitpid(child, 0)[1] == 0
    try:
        attempt()
    except (OSError, StopIteration, ValueError):
        os._exit(1)
    os._exit(0)


def _report() -> dict[str, bool]:
    must_not = {f"must not {what}": not _succeeds(it) for what, it in MUST_NOT.items()}
    return must_not | {f"must {what}": _succeeds(it) for what, it in MUST.items()}


if __name__ == "__main__":
    (_RUNTIME / "probe.json").write_text(json.dumps(_report()))
