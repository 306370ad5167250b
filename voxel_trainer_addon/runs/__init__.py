# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, find, follow and steer a run through its files: events come in, control lines go out. No bpy."""

from __future__ import annotations

from .assistant import REASONS, Askable, Askables, became, goes_to, keep_feedback, new_id
from .choices import OWN_HOST, Choices
from .errand import Question
from .harvested import Harvested
from .helper import Answer, Helper
from .holding import Holding
from .hosting import PROVIDERS, Hosting
from .models import Models
from .needs import Needs, training_needs
from .preview import Preview
from .queue import Queue, Search
from .session import Phase, Session
from .start import Program

__all__ = [
    "OWN_HOST",
    "PROVIDERS",
    "REASONS",
    "Answer",
    "Askable",
    "Askables",
    "Choices",
    "Harvested",
    "Helper",
    "Holding",
    "Hosting",
    "Models",
    "Needs",
    "Phase",
    "Preview",
    "Program",
    "Question",
    "Queue",
    "Search",
    "Session",
    "became",
    "goes_to",
    "keep_feedback",
    "new_id",
    "training_needs",
]
