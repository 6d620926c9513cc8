# SPDX-License-Identifier: MIT
"""Events as the devices post them."""

from appliance.core.events import Event
from tests.rig.waiting import until


class Posted(list[Event]):
    """Takes events from any thread, in order."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    def of(self, kind: type) -> list:
        return [event for event in list(self) if isinstance(event, kind)]

    async def first(self, kind: type):
        """The first event of `kind`, waited for."""
        await until(lambda: self.of(kind))
        return self.of(kind)[0]
