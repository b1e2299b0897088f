"""A host does not greet by its name.

What it sees. The first word behind 220 is neither a domain name of two labels or more nor an address in brackets. A
greeting that a device on the way has starred out is not the host's, and is left alone.
Why it matters. Mailers tell by that name whether they talk to themselves, and people read it in their logs.
Example. mx1 was never told its name:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 localhost ESMTP" "250 localhost"
What to do. Let the host announce its full name.
Standards. RFC 5321 §4.2, §4.1.2, §4.1.3.
"""

import re
from functools import lru_cache

from msgspec.structs import replace

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.names import is_address
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.transport.address import Address, Trait, by_place, judge_addresses, not_greeted
from mxprobe.rules.pasting import setting
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX610",
    name="banner-name-invalid",
    severity=Severity.WARNING,
    references=("RFC 5321 §4.2", "RFC 5321 §4.1.2", "RFC 5321 §4.1.3"),
)

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+\.?")
_TAGGED = re.compile(r"\[[A-Za-z0-9][A-Za-z0-9-]*:[!-Z^-~]+\]")
"""An address of a family that has yet to come (RFC 5321 §4.1.3)."""

_WORDS = 1024
"""Words that are remembered: hosts greet many domains alike."""

_STARRED = re.compile(r"\*{3}")


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host; a note at a worse preference."""

    def words(host: str) -> Words:
        postfix, exim = (f"myhostname = {host}",), (f"primary_hostname = {host}",)
        return replace(_words(host), paste=setting(snapshot, host, postfix, exim))

    return judge_addresses(RULE, snapshot, Trait(proof=_proof, doubt=_doubt, words=words, severity=by_place))


def _proof(address: Address) -> str | None:
    banner = address.session.banner if address.session is not None else None
    if banner is None or _doubt(address) is not None or _STARRED.search(banner.text):
        return None
    word = next(iter((banner.lines or ("",))[0].split()), "")
    return None if _names_a_host(word) else f'greeting "{banner.text}"'


def _doubt(address: Address) -> str | None:
    banner = address.session.banner if address.session is not None else None
    refused = banner is not None and not banner.is_positive
    return not_greeted(address) or (address.standing.value if refused else None)


@lru_cache(maxsize=_WORDS)
def _names_a_host(word: str) -> bool:
    """Whether a word is a domain name or an address in brackets; a bare address is neither."""
    if is_address(word) or _TAGGED.fullmatch(word):
        return word.startswith("[")
    return len(word) <= 254 and _DOMAIN.fullmatch(word) is not None


def _words(host: str) -> Words:
    return Words(
        says=f"{host} does not greet by a host's name",
        means="Mail comes through; who reads logs, or looks for loops, is misled.",
        do=f"Let it announce its full name, such as {host}.",
    )
