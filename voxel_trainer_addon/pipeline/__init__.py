# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: the stages in order, with pause, resume and cancel, checkpoints, and events as they go."""
