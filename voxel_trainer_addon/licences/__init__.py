# SPDX-License-Identifier: GPL-3.0-or-later
"""Licences: what each allows and asks for, how a text is recognised, and which evidence counts for a file."""
