# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers an artist: a model or a proven example is asked, what comes is tried in a worker, the best is shown."""
