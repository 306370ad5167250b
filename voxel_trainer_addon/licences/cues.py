# SPDX-License-Identifier: GPL-3.0-or-later
"""How a sentence speaks of the licences that it names: whether it states them, explains them or leaves a choice."""

from __future__ import annotations

import re

SPEAKS = re.compile(
    r"licen[cs]|copyright|©|\(c\)|public[\s-]domain|creative\s+commons|\bCC[\s_-]?(?:BY|0|zero)|\bBY-(?:NC|SA|ND)|"
    r"permission|royalt|"
    r"rights\s+reserved|free\s+software|open[\s-]?source|copyleft|dedicat|redistribut|distributed|released|\bterms\b|"
    r"\bGPL|\bLGPL|\bAGPL",
    re.IGNORECASE,
)
STATES = re.compile(
    r"\b(?:licen[cs]ed?|released?|distributed?|redistribute|available|published?|provided|shared|covered|dedicated?|"
    r"placed|put|"
    r"offered|governed|subject|use[ds]?)\b[^.]{0,60}?\b(?:under|by|to|in|into|with|as|according)\b|licen[cs]e\s*[:=(-]|"
    r"^\W*(?:the\s+)?(?:\w+\s+){0,3}licen[cs]e\b|\blicen[cs]ed\b|\b(?:is|are)\b[^.]{0,20}\b(?:CC|creative\s+commons|"
    r"public\s+domain|free\s+software|copyright)|"
    r"\bunder\s+(?:the|an?)\s+[^.]{0,30}?licen[cs]e|licen[cs]e\W*$|shields\.io/|badge",
    re.IGNORECASE,
)
OURS = re.compile(
    r"\b(?:this|these|all|the|our|my|its?|everything|everyone|you)\s+(?:\w+\s+){0,2}?(?:project|repo\w*|software|"
    r"package|library|work|code|source|"
    r"assets?|models?|files?|packs?|content\w*|add-?on|plugin|program|module|art\w*|textures?|materials?|scenes?|"
    r"meshes|blend\w*|"
    r"documentation|data\w*|everything)\b|\bwe\b|^\W*licen[cs]ed?\b|^\W*(?:released|distributed|available)\b|"
    r"^\W*copyright",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"\b(?:third[\s-]?party|dependenc\w+|vendored|bundled|depends?\s+on|built\s+(?:with|on)|ported\s+from|"
    r"adapted\s+from|derived\s+from|"
    r"based\s+on|fork\s+of|thanks\s+to|inspired\s+by|icons?|fonts?|uses|using|includes?|courtesy|taken\s+from|"
    r"their\s+own|respective)\b",
    re.IGNORECASE,
)
OF_A_PART = re.compile(
    r"\b(?:uses?|using|includes?|bundles?|depends?\s+on|built\s+(?:with|on|using)|"
    r"powered\s+by)\b(?:(?!\bunder\b)[^.;:]){0,60}$",
    re.IGNORECASE,
)
GENERAL = re.compile(
    r"\?\s*$|\bsupport(?:s|ed)?\s+licen|\b(?:types?|kinds?|list)\s+of\s+licen|\bdetects?\b", re.IGNORECASE
)
"""A sentence about licences in general, or a question."""

EXPLAINS = re.compile(
    r"\be\.g\.|\bsuch\s+as\b|\bfor\s+example\b|\bfor\s+instance\b|"
    r"\bcompatible\s+with\b|\bincompatible\b|\bunlike\b|\bcompared\s+(?:to|with)\b|\bif\s+you\s+(?:want|"
    r"need|prefer|choose)\b|"
    r"\bwhether\b|\binstead\s+of\b|\bnot\s+(?:under|licen[cs]ed|covered|the)\b|\bused\s+to\s+be\b|\bformerly\b|"
    r"\bpreviously\b|\bno\s+longer\b|"
    r"\buntil\s+version\b|\bmeans\b",
    re.IGNORECASE,
)
SIMILAR = re.compile(
    r"\bsimilar\s+to\b|\b(?:based\s+on|derived\s+from|modelled\s+on)\b(?=[^.;]{0,40}\blicen[cs]e)|"
    r"\blimitations\s+of\b|\bcompatible\b|\bequivalent\s+to\b|\blike\s+the\b",
    re.IGNORECASE,
)
WORKS = re.compile(
    r"\b(?:models?|assets?|textures?|art(?:work)?s?|works?|files|scenes?|mesh(?:es)?|characters?|"
    r"blend(?:er)?\s+files?|packs?|rigs?)\b",
    re.IGNORECASE,
)
CHOICE = re.compile(
    r"\b(?:dual|tri|triple|multi|double)[\s-]*licen[cs]|\beither\b(?!\s+version)|\b(?:any|"
    r"one)\s+(?:one\s+)?of\s+(?:the\s+(?:following|two|three|above)|these|those)|"
    r"\bat\s+(?:your|the\s+user['’]s?)\s+(?:option|choice|discretion)\b(?!\W{0,3}(?:any|later|or))|\byour\s+choice\b|"
    r"\balternatively\b|\b(?:may|can)\s+choose\b|\bunder\s+either\s+licen|\bchoose\s+(?:from|between)|"
    r"\bdual\s+(?:BSD|GPL|MIT|LGPL|Apache)\b|\bwhichever\b|\bfree\s+to\s+choose\b|\bchoice\s+(?:of|between)\b|"
    r"\bterms\s+of\s+either\b",
    re.IGNORECASE,
)
NOT_BY = re.compile(
    r"(?:\b(?:not|never|nor)|n['’]t)\b(?!\s+(?:use|limited|only))(?:(?!\bexcept\b|\bunless\b)[^.;:,]){0,80}$",
    re.IGNORECASE,
)
LISTED = re.compile(r"<licenses>|\"licenses\"\s*:\s*\[", re.IGNORECASE)
"""Lists of licences in Maven's and npm's files, of which one may be chosen."""
BETWEEN = re.compile(
    r"^[\s,()\[\]\"':;-]*(?:licen[cs]es?|the|terms|of|version)?[\s,]*(?:\bor\b(?!\s+\(?(?:at\s+your|any|later|"
    r"newer))|/|\|)[\s\w]{0,24}[\s(\"'\[]*$",
    re.IGNORECASE,
)
PUBLIC_DOMAIN = re.compile(r"\bpublic[\s-]domain\b", re.IGNORECASE)
NOT_PUBLIC = re.compile(
    r"\b(?:not|n['’]t|never|no)\b[^.;]{0,30}$|\b(?:based\s+on|derived\s+from|some|certain|parts?|uses?)\b[^.;]{0,40}$",
    re.IGNORECASE,
)
DISCLAIMED = re.compile(
    r"\b(?:no\s+(?:copyright|rights?\s+reserved|known\s+copyright)|copyright\s+(?:is\s+)?(?:waived|disclaimed)|"
    r"disclaims?\s+(?:all\s+)?copyright|waives?\s+(?:all\s+)?(?:copyright|rights))\b",
    re.IGNORECASE,
)
FIELD = re.compile(
    r"(?:^|[\s{,\"'|>])(?:licen[cs]e(?:s|d)?(?:[\s_-]*(?:id|name|expression|type|key))?)[\"']?\s*(?:::?|=|"
    r"=>)\s*[\"'\[<]?([A-Za-z0-9][\w.+() /-]{1,80}?)[\"'\]>,;]?\s*(?:$|[\"',;|])",
    re.IGNORECASE,
)
