# SPDX-License-Identifier: MIT
"""TOUCHES the Pi: talk button, status LED, microphone, speaker."""
