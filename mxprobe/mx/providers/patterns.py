"""Patterns of host names, as operators document them: fixed labels, and places for what is a customer's own.

    aspmx.l.google.com                      a name
    {tenant}.mail.protection.outlook.com    a part of one label: letters, digits, hyphens
    cluster{n:#}.{region}.messagelabs.com   a number
    {host:**}.one.com                       one label or several
    mx00.ionos.{tld:com|de|co.uk}           one of these

A pattern means whole labels of a whole name: what is in front of it or behind it makes another name. What a place
stands for is kept, so that the other names of a set can be told from one.
Standards: RFC 1035 §2.3.1 (labels), §2.3.3 (case).
"""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

_PLACE = re.compile(r"\{([a-z]+)(?::([^}]*))?\}")
_PARTS = {"": r"[a-z0-9_-]+", "#": r"[0-9]+", "**": r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"}
_SAMPLES = {"": "a1-b2", "#": "7", "**": "one.two"}


class Form(Struct, frozen=True, kw_only=True):
    """One form of a pattern: its choices made (`chosen`), `tail` the labels at its end that are fixed, as a name."""

    text: str
    tail: str
    chosen: tuple[tuple[str, str], ...] = ()

    @property
    def fixed(self) -> int:
        """How many characters are fixed."""
        return len(_PLACE.sub("", self.text))

    @property
    def expression(self) -> str:
        """The regular expression that whole names have to fit."""
        parts, at = [], 0
        for place in _PLACE.finditer(self.text):
            parts.append(re.escape(self.text[at : place.start()]))
            parts.append(f"(?P<{place[1]}>{_PARTS[place[2] or '']})")
            at = place.end()
        return "".join([*parts, re.escape(self.text[at:])])


def forms_of(pattern: str) -> tuple[Form, ...]:
    """The pattern with each of its choices made."""
    return tuple(Form(text=text, tail=_tail(text), chosen=chosen) for text, chosen in _choose(pattern, ()))


def _choose(text: str, chosen: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    place = next((one for one in _PLACE.finditer(text) if one[2] and one[2] not in _PARTS), None)
    if place is None:
        yield text, chosen
        return
    for word in place[2].split("|"):
        yield from _choose(f"{text[: place.start()]}{word}{text[place.end() :]}", (*chosen, (place[1], word)))


def _tail(text: str) -> str:
    """The labels behind the last place of a form."""
    ends = [place.end() for place in _PLACE.finditer(text)]
    return text[ends[-1] :].partition(".")[2] if ends else text


def fill(pattern: str, bound: Mapping[str, str]) -> str | None:
    """The name that a pattern stands for with these words in its places; None where one is not known."""
    places = [place[1] for place in _PLACE.finditer(pattern)]
    if any(place not in bound for place in places):
        return None
    return _PLACE.sub(lambda place: bound[place[1]], pattern)


def samples_of(pattern: str) -> tuple[str, ...]:
    """A name for each form of a pattern."""
    return tuple(_PLACE.sub(lambda place: _SAMPLES[place[2] or ""], form.text) for form in forms_of(pattern))


def shown(pattern: str) -> str:
    """A pattern as people read it: <tenant>.mail.protection.outlook.com."""
    return _PLACE.sub(lambda place: f"<{place[1]}>", pattern)
