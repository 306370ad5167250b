# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth about files, records, proofs, rows and jobs: one SQLite file with one writer."""

from .store import Catalog, Due, Origin, Proof

__all__ = ["Catalog", "Due", "Origin", "Proof"]
