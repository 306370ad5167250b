# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences that forbid: selling, changing, passing on, training, or anything but private use."""

from __future__ import annotations

import re
from collections.abc import Iterator

NON_COMMERCIAL = "LicenseRef-non-commercial"
PERSONAL = "LicenseRef-personal-use"
NO_AI = "LicenseRef-no-ai-training"
NO_DERIVATIVES = "LicenseRef-no-derivatives"
NO_REDISTRIBUTION = "LicenseRef-no-redistribution"
LIMITED = "LicenseRef-limited-purpose-research"
RESERVED = "LicenseRef-all-rights-reserved"
PROPRIETARY = "LicenseRef-proprietary"
USE = "LicenseRef-use-restricted"

NOT = r"(?:not|never|no|cannot|can\s?not|can['’]?t|don['’]?t|mustn['’]?t|without|forbid(?:s|den)?|prohibit(?:s|ed)?|strictly)"
ALLOWED = r"(?:allowed|permitted|authori[sz]ed|granted)"
SELL = r"(?:re-?sell|re-?sold|sell|sold|resale)"
SHARE = r"(?:re-?distribut\w+|re-?upload\w*|distribut(?:e|ed)|shar(?:e|ed))"
TRAIN = (
    r"(?:\bA\.?I\.?\b|artificial\s+intelligence|machine[\s-]?learning|\bM\.?L\.?\b|deep[\s-]?learning|neural|"
    r"generative|\bLLMs?\b|language\s+models?|data\s*sets?|data\s*mining|train(?:ing)?\s+(?:of\s+)?(?:any\s+)?(?:an?\s+)?models?)"
)

STRONG = (
    (NO_AI, rf"\b{NOT}\b[^.;]{{0,90}}{TRAIN}|{TRAIN}[^.;]{{0,60}}\b(?:not|never)\s+(?:be\s+)?(?:{ALLOWED}|used?)|{TRAIN}[^.;]{{0,60}}\b(?:forbidden|prohibited|opt(?:ed)?[\s-]?out)"),
    (NO_AI, r"\bno[\s-]?(?:ai|ml)\b(?![\w-]*\w)|\bnoai\b"),
    (NON_COMMERCIAL, r"\b(?:not|no|never|cannot|can\s?not|can['’]?t|don['’]?t|without)\b[^.;]{0,50}\b(?:commercial(?:ly)?\b(?! licen[cs]e| support)|for[\s-]profit|(?:for|of)\s+profit|monetary\s+gain)"),
    (NON_COMMERCIAL, rf"\bcommercial(?:ly)?\b[^.;]{{0,60}}\b(?:(?:is|are|be)\s+)?(?:not\s+{ALLOWED}|forbidden|prohibited|disallowed|require[sd]?\s+(?:an?|prior|written|my|our|the|permission|separate|paid|explicit)|only\s+with)"),
    (NON_COMMERCIAL, r"\bnon[\s-]?commercial(?:\s+\w+){0,3}\s+(?:only|alone)\b|\b(?:only|solely|exclusively)\b[^.;]{0,50}\bnon[\s-]?commercial\b|\bnon[\s-]?commercial\s+(?:licen[cs]e|use|usage|purposes?)\b"),
    (NON_COMMERCIAL, r"\b(?:nicht[\s-]?kommerziell\w*|no\s+comercial(?:es)?|non\s+commercial[ei]|usage\s+non[\s-]commercial|nekommer\w+|некоммерческ\w+)|非商业|非商用|商用利用(?:は|を)?(?:禁止|不可)|비상업"),
    (PERSONAL, r"\b(?:personal|private|home)(?:\s+(?:and|or|/|,)\s+(?:educational|private|academic|home|non-?profit|internal))?[\s-]+(?:use|usage|projects?|purposes?)\b(?!\W+(?:and|or|as well as|\+|&)\W+(?:for\s+)?commercial)"),
    (PERSONAL, r"\bnur\s+(?:für\s+)?(?:den\s+)?privat\w*|\buso\s+personal\b|\busage\s+personnel\b|個人利用のみ|仅供个人"),
    (LIMITED, r"\b(?:only|solely|exclusively|strictly|limited\s+to|restricted\s+to)\b[^.;]{0,60}\b(?:educational?|academic|research|evaluation|testing|trial|internal|scholarly|teaching|study|classroom)\b(?:\s+(?:and|or)\s+\w+)?\s*(?:use|usage|purposes?|projects?|evaluation)?"),
    (LIMITED, r"\b(?:educational?|academic|research|evaluation|scholarly|teaching|student)\b[^.;]{0,30}\b(?:purposes?|use|usage)\b[^.;]{0,10}\b(?:only|solely|exclusively|alone)\b|\beditorial\s+use\b|\bfor\s+(?:academic|research|evaluation|educational)(?:\s+(?:and|or)\s+\w+)?\s+(?:use|purposes?)\b"),
    (NO_DERIVATIVES, rf"\b(?:may|must|can|do|shall|should)\s*(?:not|n['’]t)\b[^.;]{{0,40}}\b(?:modif(?:y|ied)|alter(?:ed)?|edit(?:ed)?|chang(?:e|ed)|remix(?:ed)?|derivative)\b(?![^.;]{{0,40}}\b(?:notice|licen[cs]e|copyright|header|name)\b)|\bno\s+(?:derivatives?|modifications?)(?:\s+works?)?\s*(?:{ALLOWED}|$|[.,;])|\bmodification\w*\s+(?:is|are)\s+(?:not\s+{ALLOWED}|forbidden|prohibited)"),
    (NO_REDISTRIBUTION, rf"(?:\b(?:may|must|can|do|shall|should)\s*(?:not|n['’]t)|\bcan\s?not|\b(?:not\s+{ALLOWED}|forbidden)\s+to|\bprohibited\s+from)\b\s+(?:be\s+)?(?:(?:to|re-?package|copy|modify|rent|lease|claim|upload|use|or|and)[\s,]+){{0,4}}(?:be\s+)?(?:{SELL}|{SHARE})\b(?![^.;]{{0,50}}\b(?:unless|without\s+(?:this|the|including|retaining)|notice)\b)"),
    (NO_REDISTRIBUTION, rf"\b(?:{SELL}|reselling|selling|redistribution|redistributing|reuploading|re-uploading)\b[^.;]{{0,50}}\b(?:not\s+{ALLOWED}|forbidden|prohibited|disallowed)|\bnot\s+for\s+(?:resale|sale|redistribution|distribution)\b"),
    (RESERVED, r"\b(?:ask|contact|email|e-mail|message)\s+(?:me|us|the\s+(?:author|artist|owner|creator)s?)\b[^.;]{0,40}\b(?:before|prior\s+to|for\s+permission|if\s+you\s+(?:want|wish|would\s+like)\s+to\s+use)|\bwithout\s+(?:my|our)\s+(?:\w+\s+){0,3}(?:permission|consent)\b|\bpermission\s+(?:is\s+)?required\b"),
    (RESERVED, r"\b(?:do\s+not|don['’]t|may\s+not|must\s+not)\s+(?:use|copy|reproduce)\s+(?:(?:this|these|any|it|them|the|my|our)\b[^.;]{0,40})?without\b[^.;]{0,30}\b(?:permission|consent)"),
    (USE, r"\b(?:open)?rail(?:-[ms]|\+\+?-?m?)?\s+licen[cs]e|\b(?:creativeml|bigscience|openrail)\b|\bresponsible\s+ai\s+licen[cs]e|\bllama\s*\d*(?:\.\d)?\s+(?:community\s+)?licen[cs]e|\bhippocratic\b|\bethical\s+(?:source|use)\s+licen[cs]e|\bshall\s+be\s+used\s+for\s+good\b"),
    (PROPRIETARY, r"\bcommons\s+clause\b|\bserver[\s-]side\s+public\s+licen[cs]e\b|\bSSPL\b|\bbusiness\s+source\s+licen[cs]e\b|\bBUSL\b|\belastic\s+(?:basic\s+)?licen[cs]e\b|\bpoly-?form\b|\bfunctional\s+source\s+licen[cs]e\b|\bfair\s+source\b|(?<!educational )\b(?:community|source[\s-]available|non-?production|confluent|redis|hazelcast|timescale|cockroach\w*)\s+(?:source\s+)?(?:available\s+)?licen[cs]e\b(?!\s*::)"),
    (PROPRIETARY, r"\bproprietary(?:\s+(?:and\s+)?confidential|\s+licen[cs]e|\s+software|\s+information|\s*$)|\b(?:license|licence)\s*[:=]\s*[\"']?proprietary|\bunlicensed\b|\bend[\s-]user\s+licen[cs]e|\bEULA\b|\bclosed[\s-]source\b|\btrade\s+secret|\bstrictly\s+confidential\b"),
    (PROPRIETARY, r"\b(?:unity|unreal|epic|turbosquid|cgtrader|sketchfab|envato|adobe\s+stock|shutterstock|mixamo|daz|artstation|gumroad|blender\s*market|superhive|blenderkit|quixel|megascans|fab)\b[^.;]{0,30}\b(?:standard|royalty[\s-]free|marketplace|editorial|asset\s+store|commercial)?\s*(?:licen[cs]e|EULA|terms)"),
    (PROPRIETARY, r"\bparent(?:al)?\s+licen[cs]e\s+key\b|\bterms?\s+(?:of\s+(?:service|use)|and\s+conditions)\b(?=[^.;]{0,60}\b(?:subject|govern|agree|accept|comply|according)|$)|\b(?:subject|according|accordance|govern\w+)\b[^.;]{0,40}\bterms\s+of\s+(?:service|use)\b"),
)  # fmt: skip
"""Restriction → what says so, in any sentence that is not negated."""

WEAK = (
    (NON_COMMERCIAL, r"\bnon[\s-]?commercial\b|\bNC\b"),
    (NO_DERIVATIVES, r"\bno[\s-]?derivatives?\b|\bNoDerivs\b"),
    (
        PROPRIETARY,
        r"\bis\s+(?:\w+\s+){0,2}proprietary\b|\bproprietary\s+(?:and|propert|rights)|\bconfidential\s+(?:and|propert|information)|\bcommercial\s+licen[cs]e\b(?=[^.;]{0,30}(?:required|needed|only|holder))",
    ),
    (RESERVED, r"\ball\s+rights?\s+reserved\b"),
)
"""The same, where it counts only in a sentence that speaks of the licence."""

NEGATED = re.compile(
    r"\b(?:not|n['’]t|isn['’]?t|aren['’]?t|never|nor|neither|no|without(?:\s+any)?|removes?d?|lifts?|instead\s+of|rather\s+than|unlike)\s+"
    r"(?:(?:a|an|the|any|only|just|limited|restricted|to|for|under|is|as|in|such|licen[cs]ed)\s+){0,4}$",
    re.IGNORECASE,
)
BOTH = re.compile(
    r"\bcommercial(?:ly)?\W{0,3}(?:and|or|/|as\s+well\s+as|,)\W{0,3}(?:for\s+)?(?:non[\s-]?commercial|personal|private)|\b(?:non[\s-]?commercial|personal|private)(?:ly)?(?:\s+(?:use|projects?|purposes?))?\W{0,3}(?:and|or|/|&|as\s+well\s+as|,)\W{0,3}(?:for\s+|even\s+|also\s+)?commercial",
    re.IGNORECASE,
)
ONLY = re.compile(r"\b(?:only|solely|exclusively|not|prohibited|forbidden)\b", re.IGNORECASE)
FREED = frozenset((NON_COMMERCIAL, PERSONAL))

COMPILED = tuple(
    tuple((id, re.compile(pattern, re.IGNORECASE)) for id, pattern in patterns) for patterns in (STRONG, WEAK)
)


def restrictions(sentence: str, *, weak: bool) -> Iterator[tuple[str, int]]:
    """Ids of what the sentence forbids, and where; with `weak` also what only the context makes a restriction."""
    both = BOTH.search(sentence)
    for patterns in COMPILED if weak else COMPILED[:1]:
        for id, pattern in patterns:
            for found in pattern.finditer(sentence):
                before = sentence[max(0, found.start() - 60) : found.start()]
                if NEGATED.search(before) or (id in FREED and both and not _bound(sentence, both)):
                    continue
                yield id, found.start()
                break


def _bound(sentence: str, both: re.Match[str]) -> bool:
    """Whether "commercial and private" is said of what is forbidden, or is all that is allowed."""
    return bool(
        ONLY.search(sentence[max(0, both.start() - 40) : both.start()])
        or re.search(r"\b(?:not|prohibited|forbidden)\b", sentence[both.end() : both.end() + 40], re.IGNORECASE)
    )
