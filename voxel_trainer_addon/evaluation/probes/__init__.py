# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of a tuned model beside the test split: does it follow a changed prompt, and what has it forgotten?"""
