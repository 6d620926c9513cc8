# SPDX-License-Identifier: MIT
"""`voice-appliance run`, with a finger on its button: press and release are lines on
stdin. Below libgpiod there is a stand-in of the GPIO chip: nothing of the service is
changed, its LED is pulsed as on a Pi, and an edge wakes it through a file."""

import sys
import threading

from appliance.__main__ import main
from appliance.config.sections import ButtonSection
from tests.hardware.gpiod_device import Device, Kernel


def obey(chip: Device) -> None:
    for line in sys.stdin:
        # Active low.
        chip.drive(ButtonSection().talk_gpio, line != "press\n")


chip = Device("pinctrl-bcm2711")
Kernel(gpiochip0=chip).install()
threading.Thread(target=obey, args=(chip,), daemon=True).start()
sys.exit(main())
