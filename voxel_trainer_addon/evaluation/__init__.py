# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate: is the tuned model better than its base and than the nearest training answer, and how sure is it?"""
