# SPDX-License-Identifier: MIT
"""PRETENDS: a Gemini Live server, a front panel and sound cards for any machine."""
