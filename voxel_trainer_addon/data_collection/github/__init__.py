# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub: one query that discovers, within the limits that it tells of, and files at pinned commits."""
