"""Whether a domain allows mxprobe to ask and send more than every sender may: a TXT record with a last day.

    _mxprobe.example.com. TXT "v=mxprobe1; until=2026-12-31"

Tags are separated by semicolons; tags that are not known are ignored. Of several records any valid one allows. The day
is handed in, in UTC; a record allows on its last day too.

Standards: RFC 1035 §5.1 (texts of a TXT record), RFC 8461 §3.1 (the form is that of such records).
"""

import re
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.providers import consumer_operator

LABEL = "_mxprobe"
VERSION = "mxprobe1"
FLAG = "--i-own-this"
"""What allows without a record: the word of whoever types it."""

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_ESCAPED = re.compile(r"\\(\d{3}|.)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Consent(Struct, frozen=True, kw_only=True):
    """`allowed_by` the record's name, or the flag; `until` its last day (empty: none)."""

    allowed_by: str
    until: str = ""


class NoConsent(Struct, frozen=True, kw_only=True):
    """Why it is not allowed, and which flag would allow it."""

    reason: str
    flag: str = FLAG


OWNED = Consent(allowed_by=FLAG)
"""The consent of whoever says that the domain is theirs."""


def consent_question(domain: str) -> Question:
    """The question for the record."""
    return Question(name=f"{LABEL}.{domain}", rrtype=RecordType.TXT)


def read_consent(domain: str, answer: Answer | None, today: date) -> Consent | NoConsent:
    """What the answer to `consent_question` allows on a day. A failed lookup allows nothing."""
    name = consent_question(domain).name
    if answer is None:
        return NoConsent(reason=f"{name} was not asked for")
    if answer.status.is_temporary:
        return NoConsent(reason=f"{name} could not be looked up ({answer.status})")
    if answer.status is not AnswerStatus.FOUND:
        return NoConsent(reason=f"there is no TXT record {name}")
    texts = [text_of(record.text) for record in answer.records if isinstance(record, TextRecord)]
    ours = [text for text in texts if re.match(r"\s*v\s*=\s*mxprobe", text, re.IGNORECASE)]
    if not ours:
        return NoConsent(reason=f"no TXT record {name} begins with v={VERSION}")
    read = [_read(name, text, today) for text in ours]
    allowed = [one for one in read if isinstance(one, Consent)]
    if allowed:
        return max(allowed, key=lambda one: one.until)
    reasons = dict.fromkeys(one.reason for one in read if isinstance(one, NoConsent))
    return NoConsent(reason="; ".join(reasons))


def judge_consent(domain: str, answer: Answer | None, today: date, *, owned: bool) -> Consent | NoConsent:
    """Whether the domain, by its record, or the person, who says that it is `owned`, allows it.

    A domain of a large provider's consumers is no person's: there the record alone allows.
    """
    whose = consumer_operator(domain)
    if owned and whose is None:
        return OWNED
    consent = read_consent(domain, answer, today)
    if isinstance(consent, NoConsent) and whose is not None:
        return replace(consent, reason=f"its mailboxes are those of the consumers of {whose}, and {consent.reason}")
    return consent


def _read(name: str, text: str, today: date) -> Consent | NoConsent:
    """One record that claims to be ours."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        key, equals, value = part.partition("=")
        key = key.strip().lower()
        if not part.strip():
            continue
        if not equals or not key:
            return NoConsent(reason=f"{name} is malformed: {_short(part)!r} is no tag=value")
        if key in tags:
            return NoConsent(reason=f"{name} is malformed: {_short(key)}= stands twice")
        tags[key] = value.strip()
    if tags.get("v", "").lower() != VERSION:
        return NoConsent(reason=f"{name} is of a version that is not known: v={_short(tags.get('v', ''))}")
    if "until" not in tags:
        return NoConsent(reason=f"{name} has no last day (until=YYYY-MM-DD)")
    last = _day(tags["until"])
    if last is None:
        return NoConsent(reason=f"{name} is malformed: until={_short(tags['until'])} is no day (YYYY-MM-DD)")
    if last < today:
        return NoConsent(reason=f"{name} allowed it until {last.isoformat()}, and that day is over")
    return Consent(allowed_by=name, until=last.isoformat())


def _short(text: str) -> str:
    return text.strip()[:40]


def _day(text: str) -> date | None:
    """The day of YYYY-MM-DD, None for anything else."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def text_of(presented: str) -> str:
    """The text of a TXT record from its presentation form: its strings, joined without a blank between."""
    parts = [quoted or bare for quoted, bare in _STRING.findall(presented)]
    joined = "".join(parts) if '"' in presented else presented
    return _ESCAPED.sub(lambda match: chr(int(match[1])) if match[1].isdigit() else match[1], joined)
