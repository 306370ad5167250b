# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server of models has done since it began, for Prometheus: no prompt, no answer, names of models alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from ... import exposition
from ...exposition import FIRST_SECONDS, SECONDS, TOKENS, Histogram, Labels, Metric
from .answer_turns import Request


class Metrics:
    """Counts answers as they end, from whatever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._whole, self._first, self._tokens = Histogram(SECONDS), Histogram(FIRST_SECONDS), Histogram(TOKENS)

    def heard(self, asked: str, request: Request, first_s: float | None, whole_s: float, error: str) -> None:
        """A request to the name `asked` has ended: seconds to its first token and in all, and the code of what went
        wrong, or ''."""
        names = {"gen_ai_request_model": asked, "gen_ai_response_model": request.model}
        labels: Labels = {**exposition.ABOUT, **names}
        with self._lock:
            self._whole.observe(whole_s, {**labels, "error_type": error} if error else labels)
            if first_s is not None:
                self._first.observe(first_s, labels)
            for kind, count in (("input", request.prompt_tokens), ("output", request.tokens)):
                if count:
                    self._tokens.observe(count, {**labels, "gen_ai_token_type": kind})

    def text(self, state: Mapping[str, Mapping[str, int]], loaded: Mapping[str, bool]) -> str:
        """All of it, with who is being answered and waits by model (`Turns.state`), and which models are in memory."""
        with self._lock:
            return exposition.text(self._metrics(state, loaded))

    def _metrics(self, state: Mapping[str, Mapping[str, int]], loaded: Mapping[str, bool]) -> Iterator[Metric]:
        for name, words, histogram in (
            ("gen_ai_server_request_duration_seconds", "From the request to the whole answer.", self._whole),
            ("gen_ai_server_time_to_first_token_seconds", "From the request to its first token.", self._first),
            ("gen_ai_client_token_usage", "Tokens of prompts and answers.", self._tokens),
        ):
            yield Metric(name, "histogram", words, histogram.samples())
        for key, words in (("under_way", "Requests that are being answered."), ("waiting", "Requests that wait.")):
            counts = [("", {"model": model}, state.get(model, {}).get(key, 0)) for model in loaded]
            yield Metric(f"voxel_requests_{key}", "gauge", words, counts)
        held = [("", {"model": model}, float(there)) for model, there in loaded.items()]
        yield Metric("voxel_model_loaded", "gauge", "Whether the weights under a name are in memory.", held)
