# SPDX-License-Identifier: MIT
"""The configuration read again: what changes in the running service, what does not."""

import logging
from collections.abc import Callable

from appliance.basics.strict_toml import ConfigError, keys, sections
from appliance.config.file import Config
from appliance.config.sections import APPLIED
from appliance.config.text import changed, declared
from appliance.core.message_ids import RELOAD_FAILED_ID, RELOAD_ID
from appliance.service import systemd

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
                text = f"{line}; nothing in the file is applied"
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
        if later := [key for key in changes if key in declared(APPLIED)]:
            restart = "systemctl restart voice-appliance"
            text += f"; {', '.join(later)} only after `{restart}`"
        log.info("%s", text, extra={"MESSAGE_ID": RELOAD_ID})
        return _applied(self._started_with, self._wanted)


def _applied(old: Config, new: Config) -> Config:
    """`new`, but for what only a new process reads. So nobody's words go into the
    journal before somebody has restarted the service for it."""
    kept_sections = {}
    for section in sections(new):
        before = getattr(old, section.name)
        kept = {
            key.name: getattr(before, key.name)
            for key in keys(section.value)
            if APPLIED in key.declared
        }
        kept_sections[section.name] = section.value.changed(**kept)
    return new.changed(**kept_sections)
