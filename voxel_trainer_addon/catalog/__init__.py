# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth about files, records, proofs, rows and jobs: one SQLite file with one writer."""

from .harvested import Origin
from .hosts import Listed, Repository, Slice
from .store import Catalog, Due, Proof

__all__ = ["Catalog", "Due", "Listed", "Origin", "Proof", "Repository", "Slice"]
