# SPDX-License-Identifier: MIT
"""The configuration read again: what changes in the running service, what does not."""

import logging
from collections.abc import Callable

from appliance.basics.strict_toml import ConfigError
from appliance.config.file import Config
from appliance.config.text import changed
from appliance.core.message_ids import RELOAD_FAILED_ID, RELOAD_ID
from appliance.service import systemd

#: Devices and lines, and what is built with them: a new process takes these over.
AT_START = frozenset(
    {
        "[button] talk_gpio",
        "[button] active_low",
        "[button] bounce_ms",
        "[led] gpio",
        "[microphone] device",
        "[microphone] period_frames",
        "[speaker] device",
        "[speaker] period_frames",
        "[speaker] prefill_ms",
        "[volume] up_gpio",
        "[volume] down_gpio",
        "[volume] encoder_a_gpio",
        "[volume] encoder_b_gpio",
        "[prices] currency",
        "[prices] text_in",
        "[prices] audio_in",
        "[prices] image_in",
        "[prices] text_out",
        "[prices] audio_out",
        "[log] transcripts",
    }
)

log = logging.getLogger(__name__)


class Reload:
    """The configuration in force, and the one that waits for the end of a turn.

    Threads: the event loop's only.
    """

    def __init__(self, config: Config, read: Callable[[], Config] | None) -> None:
        self._config = self._wanted = self._started_with = config
        self._read = read

    @property
    def possible(self) -> bool:
        return self._read is not None

    def read(self, *, told: bool) -> None:
        """Read again; what cannot be used is logged, and changes nothing.

        `told`: systemd hears of it. Before READY=1 it must not.
        """
        assert self._read is not None
        if told:
            systemd.reloading()
        try:
            self._wanted = self._read()
        except ConfigError as error:
            for line in error.lines:
                text = f"{line}; nothing is taken over from it"
                log.error("%s", text, extra={"MESSAGE_ID": RELOAD_FAILED_ID})
        if told:
            systemd.ready()

    def due(self) -> Config | None:
        """What to go on with, once; None if there is nothing new.

        What is read at the start only is left to people: another device may be a
        misspelt one, and would end a box that works.
        """
        if self._wanted is self._config:
            return None
        changes = changed(self._config, self._wanted)
        self._config = self._wanted
        text = f"configuration read again: {', '.join(changes) or 'nothing'} changed"
        if later := [key for key in changes if key in AT_START]:
            restart = "systemctl restart voice-appliance"
            text += f"; {', '.join(later)} only after `{restart}`"
        log.info("%s", text, extra={"MESSAGE_ID": RELOAD_ID})
        # Nobody's words go into the journal before he has restarted for it.
        return self._config.changed(log=self._started_with.log)
