# SPDX-License-Identifier: MIT
"""What only ALSA can tell: what a card can do, and why a PCM cannot be opened."""

import ctypes
import errno
import os

from appliance.hardware.abilities import ASKED_RATES_HZ, Abilities, Direction

_STREAM = {"playback": 0, "capture": 1}
_NONBLOCK = 1
#: More formats than alsa-lib has (pcm.h, SND_PCM_FORMAT_LAST is 52).
_FORMATS = range(64)
_ABSENT = "it is not there: check its wiring or cable, and the overlay"
_CAUSES = {
    errno.ENOENT: _ABSENT,
    errno.ENODEV: _ABSENT,
    errno.ENXIO: _ABSENT,
    errno.EBUSY: "another program has it: see `sudo fuser -v /dev/snd/*`",
    errno.EACCES: "not allowed: add the user to the group audio",
    errno.EPERM: "not allowed: add the user to the group audio",
    errno.EINVAL: "its definition cannot do this: name its card instead of a PCM, "
    "see `voice-appliance sound`",
}


class Alsa:
    """The libasound that PortAudio uses in this process.

    Threads: one, the thread that opens and closes streams.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libasound.so.2")
        _silence(self._library)

    def configuration_files(self) -> str:
        """ALSA's own configuration, where ALSA_CONFIG_PATH names none."""
        self._library.snd_config_topdir.restype = ctypes.c_char_p
        directory: bytes = self._library.snd_config_topdir()
        return f"{directory.decode()}/alsa.conf"

    def reload(self) -> str | None:
        """Read the configuration again; what is wrong with it, if anything."""
        # By itself alsa-lib compares the files' times, which count whole seconds.
        self._library.snd_config_update_free_global()
        error: int = self._library.snd_config_update()
        if error < 0:
            return f"ALSA's configuration cannot be read: {os.strerror(-error)}"
        return None

    def defines(self, name: str) -> bool:
        """Whether the configuration has a PCM `name`, arguments after ":" aside."""
        tree = ctypes.c_void_p.in_dll(self._library, "snd_config")
        node = ctypes.c_void_p()
        key = f"pcm.{name.partition(':')[0]}".encode()
        # Not snd_config_search_definition(): that evaluates, and so fails for
        # `default` on a machine whose card is unplugged.
        error: int = self._library.snd_config_search(tree, key, ctypes.byref(node))
        return error == 0

    def refusal(self, name: str, direction: Direction, rate_hz: int) -> str | None:
        """Why PCM `name` cannot be used now; None if it can (it is closed again)."""
        try:
            with _Pcm(self._library, name, direction) as pcm:
                able = pcm.can_do_rate(rate_hz)
        except OSError as error:
            return cause_of(error)
        if able:
            return None
        return (
            f"it cannot do {rate_hz} Hz: name its card instead of a PCM, or use a PCM "
            "of `type plug`, which converts"
        )

    def abilities(self, name: str, direction: Direction) -> Abilities:
        """What PCM `name` can do. Raises OSError: it cannot be opened."""
        with _Pcm(self._library, name, direction) as pcm:
            return pcm.abilities()


def cause_of(error: OSError) -> str:
    """Why a PCM cannot be opened, and what to do about it."""
    assert error.errno is not None
    return _CAUSES.get(error.errno, os.strerror(error.errno))


class _Pcm:
    """A PCM that is open, and the space of what it can do (pcm.h, hw_params)."""

    def __init__(self, library: ctypes.CDLL, name: str, direction: Direction) -> None:
        self._library = library
        self._name = name.encode()
        self._stream = _STREAM[direction]
        self._pcm, self._space = ctypes.c_void_p(), ctypes.c_void_p()

    def __enter__(self) -> "_Pcm":
        error: int = self._library.snd_pcm_open(
            ctypes.byref(self._pcm), self._name, self._stream, _NONBLOCK
        )
        if error < 0:
            raise OSError(-error, os.strerror(-error))
        self._library.snd_pcm_hw_params_malloc(ctypes.byref(self._space))
        self._library.snd_pcm_hw_params_any(self._pcm, self._space)
        return self

    def __exit__(self, *_: object) -> None:
        self._library.snd_pcm_hw_params_free(self._space)
        self._library.snd_pcm_close(self._pcm)

    def can_do_rate(self, rate_hz: int) -> bool:
        error: int = self._library.snd_pcm_hw_params_test_rate(
            self._pcm, self._space, rate_hz, 0
        )
        return error >= 0

    def abilities(self) -> Abilities:
        return Abilities(
            formats=frozenset(filter(None, map(self._format, _FORMATS))),
            rates_hz=tuple(filter(self.can_do_rate, ASKED_RATES_HZ)),
            channels=(self._channels("min"), self._channels("max")),
        )

    def _format(self, number: int) -> str:
        """Its name, if the PCM can do it; else ""."""
        library = self._library
        if library.snd_pcm_hw_params_test_format(self._pcm, self._space, number) < 0:
            return ""
        library.snd_pcm_format_name.restype = ctypes.c_char_p
        name: bytes | None = library.snd_pcm_format_name(number)
        return name.decode() if name else ""

    def _channels(self, end: str) -> int:
        count = ctypes.c_uint()
        ask = getattr(self._library, f"snd_pcm_hw_params_get_channels_{end}")
        ask(self._space, ctypes.byref(count))
        return count.value


def _silence(alsa: ctypes.CDLL) -> None:
    """Stop the libraries from writing to stderr: dozens of lines per start.

    The handler is a C function that ignores its arguments. A Python one would have to
    take the GIL for each message, and a card that is unplugged brings thousands.
    """
    ignore = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    alsa.snd_lib_error_set_handler(ignore)
    try:
        jack = ctypes.CDLL("libjack.so.0")
    except OSError:
        return  # A PortAudio without JACK has nothing to say about it.
    jack.jack_set_error_function(ignore)
    jack.jack_set_info_function(ignore)
