# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth about files, records, proofs, rows and jobs: one SQLite file with one writer."""

from .harvested import Origin
from .hosts import Listed, Repository, Slice
from .search import Found
from .store import Catalog, Due, Proof

__all__ = ["Catalog", "Due", "Found", "Listed", "Origin", "Proof", "Repository", "Slice"]
