# SPDX-License-Identifier: GPL-3.0-or-later
"""Which licence a text states: tags first, then full texts, names and links; whatever forbids always counts."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from . import restrictions, texts
from .classes import RANK, class_of
from .expressions import Both, Expression, joined, normal, parsed, spelled
from .names import Named, named
from .prose import LICENCE_HEADING, OTHERS_HEADING, Sentence, sentences

LONGEST = 300_000
"""Characters of a text at most. A longer one is not read: what it forbids might stand at its end."""

KEPT = 2048
"""Answers that are kept, by digest of the text: the same LICENSE files come again and again."""


@dataclass(frozen=True)
class Finding:
    """Something in a text that tells of its licence. `rule`: tag, text, name or restriction; `loose`: no version told."""

    rule: str
    spdx: str
    quote: str
    loose: bool = False


@dataclass(frozen=True)
class Detected:
    """The licence of a text as an SPDX expression (empty: none is stated), why, or why it is not known."""

    spdx: str
    findings: tuple[Finding, ...] = ()
    reason: str = ""


_kept: OrderedDict[tuple[str, str], Detected] = OrderedDict()
_lock = Lock()


def read(text: str, name: str = "") -> Detected:
    """The licence that `text` states. `name` is its file name: a README is read otherwise than a LICENSE."""
    kind = kind_of(name)
    key = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), kind)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
        found = _read(text, kind)
        _kept[key] = found
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def versions() -> str:
    """What reads full texts here: the package and its version, or that it is missing."""
    found = texts.package()
    return f"licenseclassifier {found.__version__}" if found else "without licenseclassifier"


def kind_of(name: str) -> str:
    """How a file is read by its name: `code` (its head alone), `prose` (what speaks of the licence), `licence` (whole)."""
    lower = name.lower().rpartition("/")[2]
    if lower.endswith((".py", ".pyi", ".osl", ".toml", ".json", ".yaml", ".yml")):
        return "code"
    speaks = re.match(r"(un)?licen[cs]e|copying|copyright|legal|terms|eula", lower)
    return "licence" if speaks or not lower or lower.endswith((".license", ".licence")) else "prose"


def _read(text: str, kind: str) -> Detected:
    if len(text) > LONGEST:
        return Detected("", (), f"the text is longer than {LONGEST:,} characters")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if tags := _tags(text if kind != "prose" else re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)):
        return Detected(
            spelled(joined("AND", [tag for tag, _ in tags])),
            tuple(Finding("tag", spelled(tag), quote) for tag, quote in tags),
        )
    if kind == "code":
        text = _head(text)
    found, rest = _full_texts(text)
    said = list(sentences(rest, fences=kind == "prose"))
    notices, choice = _notices(said, kind, Context.of(said, rest, found, kind))
    if not found and not any(finding.rule == "title" for finding in notices) and (id := texts.by_phrases(rest)):
        found = [Finding("text", id, _quote(rest))]
    rules = {finding.rule for finding in (*found, *notices)}
    findings = _without_weaker([*found, *notices])
    if kind == "licence" and not _enough(rest, rules, findings):
        reason = (
            "most of the text is none that is known"
            if texts.package()
            else "full texts need the package licenseclassifier"
        )
        return Detected("LicenseRef-further-terms" if findings else "", tuple(findings), reason)
    if not findings:
        return Detected("", (), "it states no licence that is known here")
    return Detected(_together(findings, choice), tuple(findings))


# Tags.

TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n]{1,400})", re.IGNORECASE)
IGNORED = re.compile(r"REUSE-IgnoreStart.*?(?:REUSE-IgnoreEnd|\Z)", re.DOTALL)


def _tags(text: str) -> list[tuple[Expression, str]]:
    """The SPDX tags of a text, each once."""
    if "spdx-license-identifier" not in text.lower():
        return []
    found = []
    for tag in TAG.finditer(IGNORED.sub("", text)):
        words = re.sub(r"\s*(?:\*+/|-->|#\}|[\"'`,;*]+|\*\)|--\}\})\s*$", "", tag[1]).strip().strip("\"'`")
        value = parsed(words)
        found.append((value if value is not None else "LicenseRef-unreadable-tag", _quote(tag[0])))
    return list(dict.fromkeys(found))


def _head(text: str) -> str:
    """The comments and the docstring that a source file begins with."""
    lines = text.split("\n", 120)[:120]
    kept, quoted = [], ""
    for line in lines:
        bare = line.strip()
        marks = next((mark for mark in ('"""', "'''") if mark in bare), "")
        if not (quoted or not bare or marks or bare.startswith(("#", "//", "*", "/*"))):
            break
        if marks and bare.count(marks) == 1:
            quoted = "" if quoted == marks else quoted or marks
        kept.append(bare.lstrip("#/* ") if not quoted else bare)
    return "\n".join(kept)


# Full texts.


def _full_texts(text: str) -> tuple[list[Finding], str]:
    """The licences whose words stand in the text, and the text without them."""
    found, rest, last = [], [], 0
    for region in texts.regions(text):
        found.append(Finding("text", region.spdx, _quote(text[region.start : region.end])))
        rest += [text[last : region.start], "\n\n"]
        last = region.end
    return found, "".join([*rest, text[last:]])


MORE_WORDS = 110
"""Words beside a licence's own text that a licence file may have; more of them are further terms."""
NOTICE_WORDS = 600
"""Words of a notice at most."""
SHORT_WORDS = 120
"""Words of a text in which a name alone states the licence."""


def _words(rest: str) -> int:
    """Words that no licence text accounts for, without copyright lines and addresses."""
    return len(
        re.sub(r"^.*(?:copyright|\(c\)|©).*$|https?://\S+", "", rest, flags=re.MULTILINE | re.IGNORECASE).split()
    )


def _enough(rest: str, rules: set[str], findings: list[Finding]) -> bool:
    """Whether what was found can stand for a whole licence file: not for a long text that is mostly something else."""
    if not findings or "title" in rules or any(class_of(finding.spdx) == "forbidden" for finding in findings):
        return True
    return _words(rest) < (MORE_WORDS if any(f.rule == "text" for f in findings) else NOTICE_WORDS)


# Names and restrictions in sentences.

SPEAKS = re.compile(
    r"licen[cs]|copyright|©|\(c\)|public[\s-]domain|creative\s+commons|\bCC[\s_-]?(?:BY|0|zero)|\bBY-(?:NC|SA|ND)|permission|royalt|"
    r"rights\s+reserved|free\s+software|open[\s-]?source|copyleft|dedicat|redistribut|distributed|released|\bterms\b|\bGPL|\bLGPL|\bAGPL",
    re.IGNORECASE,
)
STATES = re.compile(
    r"\b(?:licen[cs]ed?|released?|distributed?|redistribute|available|published?|provided|shared|covered|dedicated?|placed|put|"
    r"offered|governed|subject|use[ds]?)\b[^.]{0,60}?\b(?:under|by|to|in|into|with|as|according)\b|licen[cs]e\s*[:=(-]|"
    r"^\W*(?:the\s+)?(?:\w+\s+){0,3}licen[cs]e\b|\blicen[cs]ed\b|\b(?:is|are)\b[^.]{0,20}\b(?:CC|creative\s+commons|public\s+domain|free\s+software|copyright)|"
    r"licen[cs]e\W*$|shields\.io/|badge",
    re.IGNORECASE,
)
OURS = re.compile(
    r"\b(?:this|these|all|the|our|my|its?|everything|everyone|you)\s+(?:\w+\s+){0,2}?(?:project|repo\w*|software|package|library|work|code|source|"
    r"assets?|models?|files?|packs?|content\w*|add-?on|plugin|program|module|art\w*|textures?|materials?|scenes?|meshes|blend\w*|"
    r"documentation|data\w*|everything)\b|\bwe\b|^\W*licen[cs]ed?\b|^\W*(?:released|distributed|available)\b|^\W*copyright",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"\b(?:third[\s-]?party|dependenc\w+|vendored|bundled|depends?\s+on|built\s+(?:with|on)|ported\s+from|adapted\s+from|derived\s+from|"
    r"based\s+on|fork\s+of|thanks\s+to|inspired\s+by|icons?|fonts?|uses|using|includes?|courtesy|taken\s+from|their\s+own|respective)\b",
    re.IGNORECASE,
)
EXPLAINS = re.compile(
    r"\?\s*$|\be\.g\.|\bsuch\s+as\b|\bfor\s+example\b|\bfor\s+instance\b|\bsupport(?:s|ed)\s+licen|\b(?:types?|kinds?|list)\s+of\s+licen|"
    r"\bdetects?\b|\bcompatible\s+with\b|\bincompatible\b|\bunlike\b|\bcompared\s+(?:to|with)\b|\bif\s+you\s+(?:want|need|prefer|choose)\b|"
    r"\bwhether\b|\binstead\s+of\b|\bnot\s+(?:under|licen[cs]ed|covered|the)\b|\bused\s+to\s+be\b|\bformerly\b|\bpreviously\b|\bno\s+longer\b|"
    r"\buntil\s+version\b|\bmeans\b",
    re.IGNORECASE,
)
SIMILAR = re.compile(
    r"\bsimilar\s+to\b|\blimitations\s+of\b|\bcompatible\b|\bequivalent\s+to\b|\blike\s+the\b", re.IGNORECASE
)
CHOICE = re.compile(
    r"\b(?:dual|tri|triple|multi|double)[\s-]*licen[cs]|\beither\b(?!\s+version)|\b(?:any|one)\s+(?:one\s+)?of\s+(?:the\s+(?:following|two|three|above)|these|those)|"
    r"\bat\s+(?:your|the\s+user['’]s?)\s+(?:option|choice|discretion)\b(?!\W{0,3}(?:any|later|or))|\byour\s+choice\b|\balternatively\b|\b(?:may|can)\s+choose\b|\bmulti-?licen",
    re.IGNORECASE,
)
BETWEEN = re.compile(
    r"^[\s,()\[\]\"':;-]*(?:licen[cs]es?|the|terms|of|version)?[\s,]*(?:\bor\b(?!\s+\(?(?:at\s+your|any|later|newer))|/|\|)[\s\w]{0,24}[\s(\"'\[]*$",
    re.IGNORECASE,
)
PUBLIC_DOMAIN = re.compile(r"\bpublic[\s-]domain\b", re.IGNORECASE)
NOT_PUBLIC = re.compile(
    r"\b(?:not|n['’]t|never|no)\b[^.;]{0,30}$|\b(?:based\s+on|derived\s+from|some|certain|parts?|uses?)\b[^.;]{0,40}$",
    re.IGNORECASE,
)
DISCLAIMED = re.compile(
    r"\b(?:no\s+(?:copyright|rights?\s+reserved|known\s+copyright)|copyright\s+(?:is\s+)?(?:waived|disclaimed)|disclaims?\s+(?:all\s+)?copyright|waives?\s+(?:all\s+)?(?:copyright|rights))\b",
    re.IGNORECASE,
)
FIELD = re.compile(
    r"(?:^|[\s{,\"'|>])(?:licen[cs]e(?:s|d)?(?:[\s_-]*(?:id|name|expression|type|key))?)[\"']?\s*(?:::?|=|=>)\s*[\"'\[<]?([A-Za-z0-9][\w.+() /-]{1,80}?)[\"'\]>,;]?\s*(?:$|[\"',;|])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Context:
    """What is known of a text before its sentences are read. `stated`: a name has to be stated, not only to occur."""

    title: bool
    texts: bool
    stated: bool

    @classmethod
    def of(cls, said: list[Sentence], rest: str, found: list[Finding], kind: str) -> Context:
        words = _words(rest)
        title = kind == "licence" and words > SHORT_WORDS and any(_title(sentence.text) for sentence in said[:TITLES])
        return cls(title, bool(found), bool(found) or kind == "prose" or words > SHORT_WORDS)


TITLES = 12
"""Sentences from the top among which a licence file has its title."""

IN_TITLED = frozenset((restrictions.NON_COMMERCIAL, restrictions.PERSONAL, restrictions.NO_AI, restrictions.LIMITED))
"""What counts in the body of a licence that its title names; the rest is worded there in ways that mean something else."""


def _title(text: str) -> list[Named]:
    """The licences that a line names and says little else."""
    names = named(text)
    letters = len(re.sub(r"https?://\S+|\W", "", text))
    return names if sum(each.end - each.start for each in names) > 0.5 * letters else []


def _notices(said: list[Sentence], kind: str, context: Context) -> tuple[list[Finding], bool]:
    """What the sentences state, and whether they leave the choice between what they name."""
    found: list[Finding] = []
    choice = False
    reserved: list[Finding] = []
    for number, sentence in enumerate(said):
        text = sentence.text
        if kind == "prose" and EXPLAINS.search(text):
            continue
        speaks = bool(SPEAKS.search(text) or LICENCE_HEADING.search(sentence.heading))
        for id, at in restrictions.restrictions(text, weak=speaks and not _of_others(sentence, kind)):
            if not context.title or id in IN_TITLED:
                finding = Finding("restriction", id, _quote(text[max(0, at - 30) :]))
                (reserved if id == restrictions.RESERVED and "reserved" in text.lower() else found).append(finding)
        title = _title(text) if kind == "licence" and number < TITLES else []
        if title:
            found += [Finding("title", each.spdx, _quote(text), each.loose) for each in title]
            choice = choice or _leaves_choice(text, title)
        elif not context.title and (speaks or kind != "prose"):
            names = _names(text)
            if names and _counts(sentence, names, kind, context):
                found += [
                    Finding("name", each.spdx, _quote(text[max(0, each.start - 30) :]), each.loose) for each in names
                ]
                choice = choice or _leaves_choice(text, names)
    return (found or ([] if context.texts else reserved)), choice


def _names(text: str) -> list[Named]:
    """Fields, names and "public domain" in a sentence."""
    fields = _fields(text)
    names = [each for each in named(text) if all(each.end <= one.start or each.start >= one.end for one in fields)]
    return [*fields, *names, *_public_domain(text, [*fields, *names])]


def _fields(text: str) -> list[Named]:
    """`license: MIT` and the like, where the value is an SPDX expression."""
    found = []
    for field in FIELD.finditer(text):
        value = normal(field[1].strip())
        if value and class_of(value) != "unknown":
            found.append(Named(*field.span(1), value))
    return found[:20]


def _public_domain(text: str, names: list[Named]) -> list[Named]:
    """ "Public domain" said of the work, where nothing more exact is named with it."""
    if any(class_of(each.spdx) == "public-domain" for each in names):
        return []
    for pattern in (PUBLIC_DOMAIN, DISCLAIMED):
        for said in pattern.finditer(text):
            if not NOT_PUBLIC.search(text[max(0, said.start() - 50) : said.start()]):
                return [Named(*said.span(), "LicenseRef-public-domain", True)]
    return []


def _counts(sentence: Sentence, names: list[Named], kind: str, context: Context) -> bool:
    """Whether a sentence states the licences that it names, and of what it stands beside."""
    if SIMILAR.search(sentence.text) or _of_others(sentence, kind):
        return False
    if not context.stated or (kind == "prose" and LICENCE_HEADING.search(sentence.heading)):
        return True
    commons = any(each.spdx.startswith(("CC", "LicenseRef-CC", "LicenseRef-OGA")) for each in names)
    return commons or bool(STATES.search(sentence.text))


def _of_others(sentence: Sentence, kind: str) -> bool:
    """Whether a sentence of a README speaks of what the project uses, not of itself."""
    if kind != "prose" or OURS.search(sentence.text):
        return False
    heading = sentence.heading
    return bool(OTHERS.search(sentence.text)) or bool(
        OTHERS_HEADING.search(heading) and not re.search(r"licen[cs]", heading, re.IGNORECASE)
    )


def _leaves_choice(text: str, names: list[Named]) -> bool:
    if CHOICE.search(text) and (len(names) > 1 or not re.search(r"\beither\b", text, re.IGNORECASE)):
        return True
    return any(
        one.spdx != other.spdx and BETWEEN.match(text[one.end : other.start])
        for one, other in zip(names, names[1:], strict=False)
    )


# What was found, as one expression.


def _without_weaker(findings: list[Finding]) -> list[Finding]:
    """Each licence once, without what a more exact finding already says."""
    once: dict[str, Finding] = {}
    for finding in findings:
        known = once.get(finding.spdx)
        if known is None or (known.loose and not finding.loose):
            once[finding.spdx] = finding
    return [each for each in once.values() if not _said_better(each, list(once.values()))]


def _said_better(finding: Finding, every: list[Finding]) -> bool:
    id = finding.spdx
    firm = [other.spdx for other in every if not other.loose]
    others = [other.spdx for other in every if other is not finding]
    if id.endswith("-only") and id.replace("-only", "-or-later") in others:
        return True
    if id.startswith("LicenseRef-") and class_of(id) == "forbidden" and not id.startswith("LicenseRef-CC"):
        told = [other for other in others if class_of(other) == "forbidden" and not other.startswith("LicenseRef-")]
        if id == restrictions.NON_COMMERCIAL:
            return any("NC" in other for other in [*told, *others] if "NC" in other.split("-")) or any(
                "oncommercial" in other for other in told
            )
        if id == restrictions.NO_DERIVATIVES:
            return any("ND" in other.split("-") for other in others)
        return bool(told)
    if not finding.loose:
        return False
    if any(other.rule == "text" and RANK[class_of(other.spdx)] >= RANK[class_of(id)] for other in every):
        return True
    if id.startswith("LicenseRef-CC-"):
        parts = id.removeprefix("LicenseRef-")
        return any(re.fullmatch(rf"{parts}-\d.*", other) for other in firm) or (
            parts == "CC-BY" and any(other.startswith("CC-BY") for other in firm)
        )
    if id == "LicenseRef-public-domain":
        return any(class_of(other) == "public-domain" for other in others) or bool(firm)
    if re.match(r"[AL]?GPL|GFDL", id):
        return any(re.match(r"(A|L)?GPL|GFDL", other) for other in firm) or (
            id.startswith("GPL") and any(re.match("[AL]GPL", other) for other in others)
        )
    if id.startswith("BSD"):
        return any("BSD" in other or other == "0BSD" for other in firm)
    return any(other.split("-")[0] == id.split("-")[0] for other in firm)


def _together(findings: list[Finding], choice: bool) -> str:
    """Findings joined: those that forbid always apply; the others all apply, or one of them where there is a choice."""
    values = [(finding, parsed(finding.spdx)) for finding in findings]
    forbids: list[Expression] = [
        value for finding, value in values if value is not None and class_of(finding.spdx) == "forbidden"
    ]
    allows: list[Expression] = [
        value for finding, value in values if value is not None and class_of(finding.spdx) != "forbidden"
    ]
    parts = [joined("OR" if choice else "AND", allows)] if allows else []
    if len(forbids) == 1 and all(
        finding.rule == "name" for finding, _ in values if class_of(finding.spdx) != "forbidden"
    ):
        parts = []
    return spelled(joined("AND", [*forbids, *parts]))


def _quote(text: str) -> str:
    """The beginning of a passage, on one line."""
    return " ".join(text[:200].split())[:80]
