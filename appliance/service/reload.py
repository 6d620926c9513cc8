# SPDX-License-Identifier: MIT
"""Reads the configuration again, and says which changes a running service applies."""

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
        """Read the file again; mistakes are logged, and change nothing.

        `told`: report it to systemd, which is not allowed before READY=1.
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
        """The configuration to apply, once; None if there is nothing new.

        Keys that only a new process reads wait for a restart by the user: a misspelt
        device would end a box that works.
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
    """`new`, but with the old values of keys that only a new process reads. So no
    words are written to the journal until the user has restarted the service."""
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
