# SPDX-License-Identifier: MIT
"""A sound card for machines without one: real ALSA underneath, a test at either end.

The card is an ALSA plugin (pcm_vcard.c), selected by ALSA_CONFIG_PATH alone: nothing
is installed, no kernel module, no daemon. It keeps time like hardware does, records
both directions to the frame, and breaks on demand.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from appliance.basics.errors import UsageError

StreamName = Literal["microphone", "speaker"]
CardFault = Literal["stall", "gone", "xrun", "busy", "once", "late"]

_STREAMS: tuple[StreamName, ...] = ("microphone", "speaker")
_SOURCE = Path(__file__).with_name("pcm_vcard.c")
_FIFO_BYTES = 1 << 20
_APT = "sudo apt install gcc libasound2-dev"


class VirtualCardUnavailable(UsageError):
    """The plugin cannot be built here; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Start:
    """A stream was (re)started: its frame number `frame` passed the card `at`."""

    stream: StreamName
    frame: int
    at: float
    frame_s: float
    period_frames: int
    buffer_frames: int


class VirtualCard:
    """PCMs `microphone` and `speaker` for every process that runs with `environment`.

    `rate_hz`, `channels` and `sample_format` (ALSA's name) pin the card as hardware
    does; the PCMs then convert from and to what is asked for, and `say`, `spoken` and
    `heard` are in the card's own format. Unpinned it takes any rate, mono s16le, and
    nothing is converted. `ppm` is how fast its clock runs, in parts per million.

    Threads: any, and any process: all that is shared is files.
    """

    def __init__(
        self,
        directory: Path,
        *,
        rate_hz: int | None = None,
        channels: int = 1,
        sample_format: str = "S16_LE",
        ppm: int = 0,
        cache: Path | None = None,
    ) -> None:
        """Raises VirtualCardUnavailable where it cannot be built."""
        self._directory = directory.resolve()
        self._directory.mkdir(parents=True, exist_ok=True)
        pinned = f'channels {channels} format "{sample_format}" ppm {ppm}'
        if rate_hz is not None:
            pinned += f" rate {rate_hz}"
        converts = (rate_hz, channels, sample_format) != (None, 1, "S16_LE")
        plugin = build(cache or cache_directory())
        self._config.write_text(self._definitions(plugin, pinned, converts))
        self._fifo = self._open_fifo()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to see this card, and no other."""
        return {"ALSA_CONFIG_PATH": str(self._config)}

    def say(self, pcm: bytes) -> None:
        """Have the microphone hear `pcm` from now on; at most 1 MiB may be waiting."""
        if os.write(self._fifo, pcm) < len(pcm):
            raise BlockingIOError("more than 1 MiB is waiting to be said")

    def spoken(self, since: int = 0) -> bytes:
        """Every frame the microphone gave to the application, silence included, from
        byte `since` of the tape on."""
        return self._recorded("microphone", since)

    def heard(self, since: int = 0) -> bytes:
        """Every frame the speaker has played, silence included, from byte `since` of
        the tape on."""
        return self._recorded("speaker", since)

    def fault(self, stream: StreamName, fault: CardFault | None) -> None:
        """Break a stream, now: its clock stops, it is unplugged, one xrun, nobody else
        may open it, it stalls when it is stopped next, or it takes 3 s to open; None
        repairs it."""
        path = self._fault_file(stream)
        path.touch()
        # In place, and one byte: the plugin has the file mapped.
        with path.open("r+b", buffering=0) as file:
            file.write(fault[0].encode() if fault else b"\0")

    def starts(self, stream: StreamName) -> list[Start]:
        """Each start of the stream; one more than expected is an xrun."""
        if not self._clock_log.exists():
            return []
        lines = map(json.loads, self._clock_log.read_text().splitlines())
        return [
            Start(
                stream=stream,
                frame=line["frame"],
                at=line["at_ns"] / 1e9,
                frame_s=line["frame_ns"] / 1e9,
                period_frames=line["period_frames"],
                buffer_frames=line["buffer_frames"],
            )
            for line in lines
            if line["stream"] == stream
        ]

    def time_of_microphone_frame(self, frame: int) -> float:
        """When frame number `frame` of `spoken` was taken, as time.monotonic()."""
        return _time_of_frame(frame, self.starts("microphone"))

    def time_of_speaker_frame(self, frame: int) -> float:
        """When frame number `frame` of `heard` was played, as time.monotonic()."""
        return _time_of_frame(frame, self.starts("speaker"))

    def definition(self, stream: StreamName, pinned: str) -> str:
        """The PCM of one direction, as ALSA's configuration has it."""
        files: dict[StreamName, str] = {
            "microphone": f'microphone "{self._directory / "microphone.fifo"}"'
            f' tape "{self._recording("microphone")}"',
            "speaker": f'speaker "{self._recording("speaker")}"',
        }
        return (
            f'type vcard {files[stream]} fault "{self._fault_file(stream)}"'
            f' clock_log "{self._clock_log}" {pinned}'
        )

    def close(self) -> None:
        """Drop what the microphone has not heard yet; the recordings stay."""
        os.close(self._fifo)

    @property
    def _config(self) -> Path:
        return self._directory / "asound.conf"

    @property
    def _clock_log(self) -> Path:
        return self._directory / "clock.jsonl"

    def _fault_file(self, stream: StreamName) -> Path:
        return self._directory / f"{stream}.fault"

    def _recording(self, stream: StreamName) -> Path:
        name = {"microphone": "spoken.raw", "speaker": "speaker.raw"}[stream]
        return self._directory / name

    def _recorded(self, stream: StreamName, since: int) -> bytes:
        path = self._recording(stream)
        if not path.exists():
            return b""
        with path.open("rb") as tape:
            tape.seek(since)
            return tape.read()

    def _open_fifo(self) -> int:
        path = self._directory / "microphone.fifo"
        if not path.exists():
            os.mkfifo(path)
        # Reading as well keeps what was said before the microphone is opened.
        fifo = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(fifo, fcntl.F_SETPIPE_SZ, _FIFO_BYTES)
        return fifo

    def _definitions(self, plugin: Path, pinned: str, converts: bool) -> str:
        lines = [f'pcm_type.vcard {{ lib "{plugin}" }}']
        for stream in _STREAMS:
            card = self.definition(stream, pinned)
            if converts:
                card = (
                    f"type plug slave.pcm {{ {card} }}"
                    ' rate_converter "speexrate_medium"'
                )
            hint = f'hint {{ show on description "Virtual card: {stream}" }}'
            lines.append(f"pcm.{stream} {{ {card} {hint} }}")
        # PortAudio aborts the process where there is no default.
        lines.append(
            "pcm.!default { type asym playback.pcm speaker capture.pcm microphone }"
        )
        return "\n".join(lines) + "\n"


def build(cache: Path) -> Path:
    """The plugin, compiled unless `cache` has this very source's.

    Raises VirtualCardUnavailable.
    """
    version = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]
    plugin = cache / f"libasound_module_pcm_vcard-{version}.so"
    if plugin.exists():
        return plugin
    if shutil.which("gcc") is None:
        raise VirtualCardUnavailable(f"virtual card: gcc is missing: {_APT}")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        draft = Path(scratch, "plugin.so")
        _compile(draft)
        # Renamed when it is complete: others may be building the same one.
        draft.replace(plugin)
    return plugin


def _compile(plugin: Path) -> None:
    flags = ["-O2", "-Wall", "-shared", "-fPIC", "-DPIC"]
    compiled = subprocess.run(
        ["gcc", *flags, "-o", plugin, _SOURCE, "-lasound"],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    if compiled.returncode == 0:
        return
    errors = [line for line in compiled.stderr.splitlines() if "error" in line]
    reason = (errors or ["gcc failed"])[0]
    raise VirtualCardUnavailable(f"virtual card: {reason}; is all there? {_APT}")


def cache_directory() -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches, "voice-appliance")


def _time_of_frame(frame: int, starts: list[Start]) -> float:
    before = [start for start in starts if start.frame <= frame]
    if not before:
        raise LookupError(f"frame {frame}: the stream has not come to it")
    start = before[-1]
    return start.at + (frame - start.frame) * start.frame_s
