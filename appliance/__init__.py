# SPDX-License-Identifier: MIT
"""A push-to-talk voice appliance for the Raspberry Pi and the Gemini Live API."""

__version__ = "0.1.0"
