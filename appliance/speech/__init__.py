# SPDX-License-Identifier: MIT
"""Says in words what is wrong: languages, synthesis by espeak-ng, and what is kept."""
