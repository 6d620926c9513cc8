# SPDX-License-Identifier: MIT
"""Prepares an SD card with a new Raspberry Pi OS, so that the Pi installs the box."""
