# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage train: the dataset in the formats of those who tune, and the jobs that make models of it."""
