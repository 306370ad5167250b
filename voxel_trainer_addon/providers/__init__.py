# SPDX-License-Identifier: GPL-3.0-or-later
"""Who trains and who answers: `local` on this machine, `openai_api` on any host that speaks OpenAI's protocol."""
