# SPDX-License-Identifier: MIT
"""SPEAKS the Gemini Live API: a sans-I/O wire codec and a websockets shell."""
