"""Whether the key of a DKIM selector is there.

Standards: RFC 6376 §3.6.1 (the record), §3.6.2.1 (its name).
"""

import re
from enum import StrEnum

from mxprobe.facts.dns import Answer, Question, RecordType, TextRecord
from mxprobe.mx.consent import text_of

_KEY = re.compile(r"(?:\A|;)\s*p\s*=\s*([^;]*)")
_VERSION = re.compile(r"\s*v\s*=")


class Key(StrEnum):
    """What is known of a key. One whose value is empty was withdrawn."""

    THERE = "there"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


def key_question(selector: str, domain: str) -> Question:
    """What a verifier asks for."""
    return Question(name=f"{selector}._domainkey.{domain}", rrtype=RecordType.TXT)


def key_of(answer: Answer | None) -> Key:
    """What the answer to `key_question` says; with several records, one that has a key is enough."""
    if answer is None or answer.status.is_temporary:
        return Key.UNKNOWN
    texts = [text_of(record.text) for record in answer.records if isinstance(record, TextRecord)]
    keys = [found[1].strip() for text in texts if _is_dkim(text) and (found := _KEY.search(text)) is not None]
    if any(keys):
        return Key.THERE
    return Key.WITHDRAWN if keys else Key.MISSING


def _is_dkim(text: str) -> bool:
    """Whether the version, which need not be there, is that of DKIM."""
    return _VERSION.match(text) is None or re.match(r"\s*v\s*=\s*DKIM1\s*(?:;|\Z)", text) is not None
