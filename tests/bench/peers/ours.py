# SPDX-License-Identifier: MIT
"""`voice-appliance run` on mock pins, with a finger on its button: press and release
are lines on stdin. Nothing of the service is changed."""

import sys
import threading
from collections import deque

from gpiozero import Device

from appliance.__main__ import main
from appliance.config.file import ButtonSection, LedSection
from appliance.demo.panel import Panel


def obey(panel: Panel) -> None:
    for line in sys.stdin:
        (panel.press if line == "press\n" else panel.release)()


button = ButtonSection()
panel = Panel(button.talk_gpio, active_low=button.active_low)
# A mock pin remembers each brightness it ever had, which no LED does.
led = Device.pin_factory.pin(LedSection().gpio)
led.states = deque(led.states, maxlen=2)
threading.Thread(target=obey, args=(panel,), daemon=True).start()
sys.exit(main())
