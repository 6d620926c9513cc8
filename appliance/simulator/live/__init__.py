# SPDX-License-Identifier: MIT
"""The simulated Gemini Live service: strict sans-I/O sessions behind a WebSocket."""
