# SPDX-License-Identifier: GPL-3.0-or-later
"""One offline HTML file that shows what was made, from what, and how good it is."""
