# SPDX-License-Identifier: MIT
"""RUNS the appliance: composition root, inbox, configuration, systemd, journal."""
