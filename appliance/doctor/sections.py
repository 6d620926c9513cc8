# SPDX-License-Identifier: MIT
"""What a doctor can be asked to look at alone; apart from the checks, so that the
command line knows it without loading them."""

# fmt: off
SECTIONS = (

    "board",
    "overlay",
    "cards",
    "rates",
    "microphone",
    "speaker",
    "button",
    "led",
    "permissions",
    "health",
    "wifi",
    "clock",
    "dns",
    "tls",
    "key",
    "model",
    "answer",
)
# fmt: on
