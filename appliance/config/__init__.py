# SPDX-License-Identifier: MIT
"""The configuration file: sections, checks, pins, endpoint, provisioning."""
