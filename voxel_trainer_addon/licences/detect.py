# SPDX-License-Identifier: GPL-3.0-or-later
"""Which licence a text states: tags first, then full texts, names and links; whatever forbids always counts."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock

from . import cues, restrictions, texts
from .classes import RANK, class_of
from .expressions import joined, normal, parsed, spelled
from .families import Named
from .names import named
from .prose import LICENCE_HEADING, OTHERS_HEADING, Sentence, sentences

LONGEST = 200_000
"""Characters of a text at most. A longer one is not read: what it forbids might stand at its end."""

KEPT = 2048
"""Answers that are kept, by digest of the text: the same LICENSE files come again and again."""


@dataclass(frozen=True)
class Finding:
    """What in a text tells of its licence. `rule`: tag, text, title, name or restriction; `loose`: no version told."""

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
    """How a file is read by its name: `code` (its head), `prose` (what speaks of licences) or `licence` (all)."""
    lower = name.lower().rpartition("/")[2]
    if lower.endswith((".py", ".pyi", ".osl", ".toml", ".json", ".yaml", ".yml")):
        return "code"
    speaks = re.match(r"(un)?licen[cs]e|copying|copyright|legal|terms|eula", lower)
    return "licence" if speaks or not lower or lower.endswith((".license", ".licence")) else "prose"


def _read(text: str, kind: str) -> Detected:
    if len(text) > LONGEST:
        return Detected("", (), f"the text is longer than {LONGEST:,} characters")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    tags = _tags(text if kind != "prose" else re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    if kind == "code":
        text = _head(text)
    found, rest = _full_texts(text)
    said = list(sentences(rest, fences=kind == "prose"))
    titles = [each.spdx for sentence in said[:TITLES] for each in _title(sentence.text)] if kind == "licence" else []
    if (id := texts.by_phrases(rest)) and (not titles or id in titles):
        found.append(Finding("text", id, _quote(rest)))
        rest = ""
    context = Context.of(bool(titles), rest, found, kind)
    notices, choice = _notices(said, kind, context)
    if tags:  # they say all, but what forbids
        findings = [*tags, *(each for each in notices if each.rule == "restriction")]
        return Detected(_together(findings, choice=False), tuple(findings))
    if found and context.words < SHORT_WORDS:  # a line above a licence's text is its title
        notices = [
            each
            for each in notices
            if each.rule != "title" or class_of(each.spdx) == "forbidden" or cues.STATES.search(each.quote)
        ]
    rules = {finding.rule for finding in (*found, *notices)}
    findings = _without_weaker([*found, *notices])
    if kind == "licence" and not _enough(text, rest, rules, findings):
        reason = (
            "most of the text is none that is known"
            if texts.package()
            else "full texts need the package licenseclassifier"
        )
        return Detected("LicenseRef-further-terms" if findings else "", tuple(findings), reason)
    if not findings:
        return Detected("", (), "it states no licence that is known here")
    return Detected(_together(findings, choice or bool(cues.LISTED.search(text))), tuple(findings))


# Tags.

UNREADABLE = "LicenseRef-unreadable-tag"
TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n]{1,400})", re.IGNORECASE)
IGNORED = re.compile(r"REUSE-IgnoreStart.*?(?:REUSE-IgnoreEnd|\Z)", re.DOTALL)


def _tags(text: str) -> list[Finding]:
    """The SPDX tags of a text, each once."""
    if "spdx-license-identifier" not in text.lower():
        return []
    found = {}
    for tag in TAG.finditer(IGNORED.sub("", text)):
        words = re.sub(r"\s*(?:\*+/|-->|#\}|[\"'`,;*]+|\*\)|--\}\})\s*$", "", tag[1]).strip().strip("\"'`")
        first, *rest = words.split() or [""]
        joined_on = any(word in ("AND", "OR", "WITH") for word in rest)
        spdx = normal(words) or ("" if joined_on else normal(first))
        found[spdx or UNREADABLE] = _quote(tag[0])
    return [Finding("tag", spdx, quote) for spdx, quote in found.items()]


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
        words = text[region.start : region.end]
        found.append(Finding("text", _or_later(region.spdx, words), _quote(words)))
        rest += [text[last : region.start], "\n\n"]
        last = region.end
    return found, "".join([*rest, text[last:]])


NOTICE = 2000
"""Characters of GNU's notices at most; a longer text is the licence itself, which tells no version to choose."""


def _or_later(spdx: str, words: str) -> str:
    """The licence of a notice that lets one choose a later version, which the package may overlook."""
    later = spdx.replace("-only", "-or-later")
    if later == spdx or len(words) > NOTICE:
        return spdx
    lines = " ".join(re.sub(r"^[\s#*/;!-]+", "", line) for line in words.split("\n"))
    return later if any(each.spdx == later for each in named(lines)) else spdx


MORE_WORDS = 25
"""Words beside a licence's own text that a licence file may have; more of them are further terms."""
NOTICE_WORDS = 220
"""Words of a notice at most."""
SHORT_WORDS = 120
"""Words of a text in which a name alone states the licence."""


def _words(rest: str) -> int:
    """Words that no licence text accounts for, without copyright lines and addresses."""
    return len(re.sub(r"https?://\S+", "", texts.COPYRIGHT_LINE.sub("", rest)).split())


def _enough(text: str, rest: str, rules: set[str], findings: list[Finding]) -> bool:
    """Whether what was found can stand for a whole licence file: not for a long text that is mostly something else."""
    if not findings or any(class_of(finding.spdx) == "forbidden" for finding in findings):
        return True
    grows = texts.GRANT.search(rest) or _words(rest) > NOTICE_WORDS
    if "text" not in rules and grows and any(texts.CHANGED.fullmatch(finding.spdx) for finding in findings):
        return False  # a known licence that somebody changed
    if "title" in rules:
        return True
    return _words(rest) < (max(MORE_WORDS, len(text.split()) // 20) if rules == {"text"} else NOTICE_WORDS)


# Names and restrictions in sentences.


@dataclass(frozen=True)
class Context:
    """What is known of a text before its sentences are read. `stated`: a name has to be stated, not only to occur."""

    words: int
    title: bool
    texts: bool
    stated: bool

    @classmethod
    def of(cls, titled: bool, rest: str, found: list[Finding], kind: str) -> Context:
        words = _words(rest)
        return cls(
            words, titled and words > SHORT_WORDS, bool(found), bool(found) or kind == "prose" or words > SHORT_WORDS
        )


TITLES = 12
"""Sentences from the top among which a licence file has its title."""

IN_TITLED = frozenset(
    (restrictions.NON_COMMERCIAL, restrictions.PERSONAL, restrictions.NO_AI, restrictions.LIMITED, restrictions.NAMED)
)
"""What counts in the body of a licence that its title names; such bodies word the rest to mean something else."""


def _title(text: str) -> list[Named]:
    """The licences that a line names and says little else."""
    names = _names(text)
    letters = len(re.sub(r"https?://\S+|\W", "", text))
    return names if sum(each.end - each.start for each in names) > 0.5 * letters else []


def _notices(said: list[Sentence], kind: str, context: Context) -> tuple[list[Finding], bool]:
    """What the sentences state, and whether they leave the choice between what they name."""
    found: list[Finding] = []
    choice = False
    reserved: list[Finding] = []
    for number, sentence in enumerate(said):
        text = sentence.text
        if kind == "prose" and cues.GENERAL.search(text):
            continue
        explains = kind == "prose" and bool(cues.EXPLAINS.search(text))
        speaks = bool(cues.SPEAKS.search(text) or LICENCE_HEADING.search(sentence.heading))
        for id, at in restrictions.restrictions(text, weak=speaks and not (explains or _of_others(sentence, kind))):
            if kind == "prose" and id in restrictions.OF_WORKS and not (speaks or cues.WORKS.search(text)):
                continue
            if not context.title or id in IN_TITLED:
                finding = Finding("restriction", id, _quote(text[max(0, at - 30) :]))
                (reserved if id == restrictions.RESERVED and "reserved" in text.lower() else found).append(finding)
        title = _title(text) if kind == "licence" and number < TITLES else []
        if title:
            found += [Finding("title", each.spdx, _quote(text), each.loose) for each in title]
            choice = choice or _leaves_choice(text, title)
        elif not context.title and not explains and (speaks or kind != "prose"):
            names = _names(text)
            choice = choice or (kind == "licence" and not names and _leaves_choice(text, names))
            if names and _counts(sentence, names, kind, context):
                found += [
                    Finding("name", each.spdx, _quote(text[max(0, each.start - 30) :]), each.loose) for each in names
                ]
                choice = choice or _leaves_choice(text, names)
    return (found or (reserved if not context.texts and context.words < MORE_WORDS else [])), choice


def _names(text: str) -> list[Named]:
    """Fields, names and "public domain" in a sentence."""
    fields = _fields(text)
    names = [each for each in named(text) if all(each.end <= one.start or each.start >= one.end for one in fields)]
    return [*fields, *names, *_public_domain(text, [*fields, *names])]


def _fields(text: str) -> list[Named]:
    """`license: MIT` and the like, where the value is an SPDX expression."""
    found = []
    for field in cues.FIELD.finditer(text):
        value = normal(field[1].strip())
        if value and class_of(value) != "unknown":
            found.append(Named(*field.span(1), value))
    return found[:20]


def _public_domain(text: str, names: list[Named]) -> list[Named]:
    """ "Public domain" said of the work, where nothing more exact is named with it."""
    if any(class_of(each.spdx) == "public-domain" for each in names):
        return []
    for pattern in (cues.PUBLIC_DOMAIN, cues.DISCLAIMED):
        for said in pattern.finditer(text):
            if not cues.NOT_PUBLIC.search(text[max(0, said.start() - 50) : said.start()]):
                return [Named(*said.span(), "LicenseRef-public-domain", True)]
    return []


def _counts(sentence: Sentence, names: list[Named], kind: str, context: Context) -> bool:
    """Whether a sentence states the licences that it names, and of what it stands beside. One of Creative Commons that
    forbids counts of others' work too: it may be in the file.
    """
    if any(class_of(each.spdx) == "forbidden" and "CC-" in each.spdx for each in names):
        return True
    if (
        cues.SIMILAR.search(sentence.text)
        or _of_others(sentence, kind)
        or cues.NOT_BY.search(sentence.text[: names[0].start])
    ):
        return False
    if not context.stated or (kind == "prose" and LICENCE_HEADING.search(sentence.heading)):
        return True
    if kind == "prose" and cues.OF_A_PART.search(sentence.text[: names[0].start]):
        return False
    commons = any(
        each.spdx.startswith(("CC", "LicenseRef-CC", "LicenseRef-OGA", "LicenseRef-public")) for each in names
    )
    return commons or bool(cues.STATES.search(sentence.text))


def _of_others(sentence: Sentence, kind: str) -> bool:
    """Whether a sentence of a README speaks of what the project uses, not of itself."""
    if kind != "prose" or cues.OURS.search(sentence.text):
        return False
    heading = sentence.heading
    return bool(cues.OTHERS.search(sentence.text)) or bool(
        OTHERS_HEADING.search(heading) and not re.search(r"licen[cs]", heading, re.IGNORECASE)
    )


def _leaves_choice(text: str, names: list[Named]) -> bool:
    cue = cues.CHOICE.search(text)
    if cue and (len(names) != 1 or cue[0].lower() != "either"):
        return True
    return any(
        one.spdx != other.spdx and cues.BETWEEN.match(text[one.end : other.start]) for one, other in pairwise(names)
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
    """Whether something else that was found says the same more exactly."""
    id = finding.spdx
    others = [other for other in every if other is not finding]
    if id.endswith("-only"):
        return any(other.spdx == id.replace("-only", "-or-later") and not other.loose for other in others)
    if id.startswith("LicenseRef-") and not finding.loose:
        same = re.compile(COVERED.get(id, r"(?!LicenseRef).*"))
        return class_of(id) == "forbidden" and any(
            class_of(other.spdx) == "forbidden" and same.fullmatch(other.spdx) for other in others
        )
    if not finding.loose:
        return False
    kin = re.compile(next(pattern for prefix, pattern in KIN if id.startswith(prefix)).format(id.split("-")[0]))
    return any(
        (not other.loose and kin.fullmatch(other.spdx))
        or (other.rule == "text" and RANK[class_of(other.spdx)] >= RANK[class_of(id)])
        or (id.startswith("GPL") and re.match("[AL]GPL", other.spdx))
        for other in others
    )


COVERED = {
    restrictions.NON_COMMERCIAL: r".*\bNC\b.*|.*[Nn]oncommercial.*",
    restrictions.NO_DERIVATIVES: r".*\bND\b.*",
}
"""Restriction → ids of licences that say the same; any other is said by every licence that forbids."""

KIN = (
    ("LicenseRef-CC-BY-SA", r"CC-BY-SA-\d.*"),
    ("LicenseRef-CC-BY-N", r"CC-BY-N.*"),
    ("LicenseRef-CC-BY", r"CC-BY.*"),
    ("LicenseRef-public", r".*"),
    ("LGPL", r"[AL]?GPL.*|GFDL.*"),
    ("AGPL", r"[AL]?GPL.*|GFDL.*"),
    ("GPL", r"[AL]?GPL.*|GFDL.*"),
    ("BSD", r".*BSD.*"),
    ("", r"{}-.*"),
)
"""Beginning of the id of a licence that is named without its version → ids that say it more exactly."""


def _together(findings: list[Finding], choice: bool) -> str:
    """Findings joined: what forbids is all that counts; else all apply, or one of them where there is a choice."""
    forbids = [finding for finding in findings if class_of(finding.spdx) == "forbidden"]
    parts = [value for each in forbids or findings if (value := parsed(each.spdx)) is not None]
    return spelled(joined("OR" if choice and not forbids else "AND", parts))


def _quote(text: str) -> str:
    """The beginning of a passage, on one line."""
    return " ".join(text[:200].split())[:80]
