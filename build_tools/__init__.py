# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of build.py: environments, tests, the zip and the first run. Standard library only."""
