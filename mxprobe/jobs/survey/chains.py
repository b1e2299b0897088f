"""The visits that domains need, as they travel from whoever resolved them to the journal.

Very many domains have all their hosts in common: what follows from these is worked out and encoded once.
"""

from collections.abc import Iterable

import msgspec

from mxprobe.facts.dns import Answer
from mxprobe.facts.survey import Errand, Manner, Named
from mxprobe.mx.surveyed import chain_facts, errands_of

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[Errand, ...]).decode


def encode_errands(errands: Iterable[Errand]) -> bytes:
    """The visits that a domain needs, without those that it asks about; nothing where it needs none."""
    found = tuple(errands)
    return _pack(found) if found else b""


def decode_errands(octets: bytes) -> tuple[Errand, ...]:
    """The same errands. Raises msgspec.MsgspecError."""
    return _unpack(octets) if octets else ()


class Chains:
    """The visits of domains that are named in one task; what it remembers grows with the task."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._known = dict[object, tuple[tuple[Answer, ...], bytes]]()

    def errands(self, named: Named) -> bytes:
        """The visits that a domain needs, encoded."""
        facts = chain_facts(named, self._manner)
        if facts is None:
            return encode_errands(errands_of(named, self._manner))
        records, answers = facts
        key = (records, *map(id, answers))
        known = self._known.get(key)
        if known is None:
            # The answers are kept with what follows from them, so that no others can come to have their ids.
            known = self._known[key] = (answers, encode_errands(errands_of(named, self._manner)))
        return known[1]
