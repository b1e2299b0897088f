"""DMARC as a receiver reads it: the walk up the tree, the record, the policy in force, and who may get reports.

The walk needs no list of public suffixes. Tags that are gone (`pct`, `rf`, `ri`) are ignored as any unknown tag is; a
size behind a report's address, which older records have, is read and kept.

Standards: RFC 9989 §4.7 (record), §4.10 (walk, policy, organizational domain); RFC 9990 §4 (reports to others).
"""

import re
from enum import StrEnum
from urllib.parse import unquote

from msgspec import Struct

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.mx.consent import text_of
from mxprobe.mx.plan import next_questions

MOST_NAMES = 8
"""So many names a walk asks about (RFC 9989 §4.10)."""

MOST_DESTINATIONS = 4
"""So many domains that reports go to are looked at; no standard sets a number."""

_VERSION = re.compile(r"[ \t]*[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_SIZE = re.compile(r"(.*)!([0-9]{1,12})([kmgt]?)\Z", re.IGNORECASE | re.DOTALL)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_BLANKS = " \t"
_LONGEST_NAME = 253


class Policy(StrEnum):
    """What is asked for mail that fails."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class ReportUri(Struct, frozen=True, kw_only=True):
    """Where reports go: `domain` is that of a mail address (None: another kind), `most` the largest size in octets."""

    text: str
    domain: str | None = None
    most: int | None = None


class DmarcRecord(Struct, frozen=True, kw_only=True):
    """A record with its defaults filled in; `p` None: there is none that counts, and it is as `none`.

    `psd` is y, n or u; `adkim` and `aspf` r or s; `ignored` are tags whose value is none that there is.
    """

    text: str
    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    psd: str = "u"
    adkim: str = "r"
    aspf: str = "r"
    testing: bool = False
    rua: tuple[ReportUri, ...] = ()
    ruf: tuple[ReportUri, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def destinations(self) -> tuple[str, ...]:
        """The domains that reports go to by mail, each once."""
        return tuple(dict.fromkeys(uri.domain for uri in (*self.rua, *self.ruf) if uri.domain is not None))

    def uri_to(self, domain: str) -> str:
        """The first address at a domain, as the record has it."""
        return next(uri.text for uri in (*self.rua, *self.ruf) if uri.domain == domain)


class Discovery(Struct, frozen=True, kw_only=True):
    """What a walk has found. `unknown` says why the policy is not known (empty: it is, or there is none).

    `record` is the policy's, found at `domain`; `organizational` is None where a lookup that failed leaves it open.
    `walked` has a line for each name that was asked about.
    """

    unknown: str = ""
    record: DmarcRecord | None = None
    domain: str = ""
    organizational: str | None = None
    walked: tuple[str, ...] = ()

    def is_external(self, destination: str) -> bool | None:
        """Whether reports to a domain go to another organisation; None where that is not known."""
        if self.organizational is None:
            return False if _is_within(destination, self.domain) else None
        return not _is_within(destination, self.organizational)


def _is_within(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


# -- the record --------------------------------------------------------------------------------------------------------


def dmarc_texts(answer: Answer) -> tuple[str, ...]:
    """The TXT records that are DMARC: the version stands first (RFC 9989 §4.7)."""
    texts = [text_of(record.text) for record in answer.records if isinstance(record, TextRecord)]
    return tuple(text for text in texts if _VERSION.match(text))


def read_dmarc(text: str) -> DmarcRecord:
    """The record that a text is; a value that is none that there is counts as absent. The first of two tags counts."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip(_BLANKS).lower(), value.strip(_BLANKS))
    ignored: list[str] = []

    def policy(name: str) -> Policy | None:
        word = tags.get(name, "").lower()
        if word in frozenset(Policy):
            return Policy(word)
        ignored.extend([name] if name in tags else [])
        return None

    def one_of(name: str, words: str, otherwise: str) -> str:
        word = tags.get(name, "").lower()
        if len(word) == 1 and word in words:
            return word
        ignored.extend([name] if name in tags else [])
        return otherwise

    return DmarcRecord(
        text=text,
        p=policy("p"),
        sp=policy("sp"),
        np=policy("np"),
        psd=one_of("psd", "ynu", "u"),
        adkim=one_of("adkim", "rs", "r"),
        aspf=one_of("aspf", "rs", "r"),
        testing=one_of("t", "yn", "n") == "y",
        rua=_uris(tags.get("rua", "")),
        ruf=_uris(tags.get("ruf", "")),
        ignored=tuple(ignored),
    )


def _uris(text: str) -> tuple[ReportUri, ...]:
    return tuple(_uri(part) for part in (piece.strip(_BLANKS) for piece in text.split(",")) if part)


def _uri(text: str) -> ReportUri:
    sized = _SIZE.match(text)
    bare = sized[1] if sized is not None else text
    most = int(sized[2]) * _UNITS[sized[3].lower()] if sized is not None else None
    scheme, _, rest = bare.partition(":")
    domain = _mail_domain(rest) if scheme.lower() == "mailto" else None
    return ReportUri(text=text, domain=domain, most=most)


def _mail_domain(rest: str) -> str | None:
    """The domain of the address in a mailto URI; None where there is none that can be."""
    local, _, domain = unquote(rest.partition("?")[0]).rpartition("@")
    try:
        return to_ascii(domain) if local else None
    except NameRefused:
        return None


# -- the walk ----------------------------------------------------------------------------------------------------------


def walk_names(domain: str) -> tuple[str, ...]:
    """The names that a walk asks about, longest first: the domain, and then its ends, of at most seven labels."""
    labels = domain.split(".")
    fewer = range(min(len(labels) - 1, MOST_NAMES - 1), 0, -1)
    return (domain, *(".".join(labels[-count:]) for count in fewer))


def dmarc_question(domain: str) -> Question:
    """What is asked for the record of a domain."""
    return Question(name=f"_dmarc.{domain}", rrtype=RecordType.TXT)


def discover(domain: str, answers: Answers) -> Discovery:
    """The policy of a domain, and its organizational domain (RFC 9989 §4.10.1, §4.10.2)."""
    found: dict[str, DmarcRecord] = {}
    walked, failed = list[str](), ""
    for name in walk_names(domain):
        answer = answers.get(dmarc_question(name))
        if answer is None:
            failed = failed or "nobody asked for the DMARC record"
            continue
        texts = dmarc_texts(answer)
        walked.append(f"_dmarc.{name} TXT: {_told(answer, texts)}")
        if answer.status.is_temporary:
            failed = failed or f"_dmarc.{name} {_why(answer.status)}"
        elif len(texts) == 1:
            found[name] = read_dmarc(texts[0])
            if found[name].psd != "u":
                break
    organizational = None if failed else _organizational(domain, found)
    at = next((name for name in (domain, organizational, *_suffixes(found)) if name in found), None)
    return Discovery(
        unknown="" if at is not None else failed,
        record=None if at is None else found[at],
        domain=at or "",
        organizational=organizational,
        walked=tuple(walked),
    )


def _why(status: AnswerStatus) -> str:
    if status is AnswerStatus.NOT_ASKED:
        return "was not asked for: it is not in the zone, or beyond the budget"
    return f"could not be looked up: {status}"


def _told(answer: Answer, texts: tuple[str, ...]) -> str:
    if answer.status.is_temporary:
        return answer.status.value
    if not texts:
        return "none"
    return texts[0][:200] if len(texts) == 1 else f"{len(texts)} records, so that none counts"


def _organizational(domain: str, found: dict[str, DmarcRecord]) -> str:
    """The organizational domain by the records of a walk, which are in the order of the walk."""
    for name, record in found.items():
        if record.psd == "n":
            return name
        if record.psd == "y" and name != domain:
            return ".".join(domain.split(".")[-name.count(".") - 2 :])
    return list(found)[-1] if found else domain


def _suffixes(found: dict[str, DmarcRecord]) -> tuple[str, ...]:
    return tuple(name for name, record in found.items() if record.psd == "y")


# -- reports -----------------------------------------------------------------------------------------------------------


def permission_question(policy_domain: str, destination: str) -> Question | None:
    """What is asked to learn whether a domain takes reports about another; None where the name would be too long."""
    name = f"{policy_domain}._report._dmarc.{destination}"
    return Question(name=name, rrtype=RecordType.TXT) if len(name) <= _LONGEST_NAME else None


def next_dmarc_questions(domain: str, answers: Answers) -> tuple[Question, ...]:
    """What is lacking for `discover`, and then for knowing whether reports can arrive."""
    wanted = [dmarc_question(name) for name in walk_names(domain)]
    seen = discover(domain, answers)
    destinations = seen.record.destinations[:MOST_DESTINATIONS] if seen.record is not None else ()
    for destination in destinations:
        if seen.is_external(destination):
            permission = permission_question(seen.domain, destination)
            wanted += [permission] if permission is not None else []
        wanted += next_questions(destination, answers)
    return tuple(question for question in dict.fromkeys(wanted) if question not in answers)
