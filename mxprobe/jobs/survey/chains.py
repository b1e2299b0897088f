"""What the DNS says of domains, as it travels from whoever asked to the journal.

Very many domains have all their hosts in common: what these answered travels once in a task, and what follows from it
is worked out and encoded once.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from mxprobe.facts.dns import Answer, MxRecord
from mxprobe.facts.survey import Asked, Errand, Manner, Named
from mxprobe.jobs.survey.tasks import ResolvedRow
from mxprobe.mx.surveyed import asks_of, errands_of, shared_records, with_hosts_apart

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[Errand, ...]).decode


def encode_errands(errands: Iterable[Errand]) -> bytes:
    """The visits that a domain needs, without those that it asks about; nothing where it needs none."""
    found = tuple(errands)
    return _pack(found) if found else b""


def decode_errands(octets: bytes) -> tuple[Errand, ...]:
    """The same errands. Raises msgspec.MsgspecError."""
    return _unpack(octets) if octets else ()


class _Hosts(Struct, frozen=True, kw_only=True):
    """Answers about hosts, the first domain that had them, and the visits that follow, by its MX records."""

    answers: tuple[Answer, ...]
    number: int
    errands: dict[tuple[MxRecord, ...], bytes] = {}


class Chains:
    """The domains that are named in one task; what is remembered grows with these."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._known = dict[tuple[int, ...], _Hosts]()

    def row(self, named: Named) -> ResolvedRow:
        """What is told of a domain."""
        entry, manner = named.entry, self._manner
        answers, hosts = with_hosts_apart(named.answers)
        asks = asks_of(named, manner)
        # An answer that is remembered is the same object for all. The first ones are kept, so that no other answer can
        # come to have their ids.
        known = self._known.setdefault(tuple(map(id, hosts)), _Hosts(answers=hosts, number=entry.number))
        is_first = known.number == entry.number
        return ResolvedRow(
            number=entry.number,
            started_at=named.started_at,
            elapsed=named.elapsed,
            queries=named.queries,
            answers=_encode(answers),
            hosts=_encode(hosts) if is_first else b"",
            hosts_of=None if is_first else known.number,
            errands=self._errands(named, known),
            asks=asks if isinstance(asks, Asked) else None,
        )

    def _errands(self, named: Named, hosts: _Hosts) -> bytes:
        records = shared_records(named, self._manner)
        if not records:
            return encode_errands(errands_of(named, self._manner))
        errands = hosts.errands.get(records)
        if errands is None:
            errands = hosts.errands[records] = encode_errands(errands_of(named, self._manner))
        return errands
