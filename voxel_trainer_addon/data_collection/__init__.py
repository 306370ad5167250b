# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages harvest and parse: find .blend files and their licences, then read each one in a worker."""
