"""MTA-STS as a sender reads it: the TXT record, the policy file, the hosts it allows, and what is remembered of it.

Nothing is asked or fetched here: a sender asks `next_step` what to do, does it (`wire.fetch`), and lets `learn` write
the outcome into its memory. The domain is the one in the address, whatever alias its MX records stand behind.

Standards: RFC 8461 §3.1 (record), §3.2 (file), §3.3 (fetching), §4.1 (names), §5.1 and §10.2 (a kept policy counts).
"""

import re
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import Answer, Question, RecordType, TextRecord

LONGEST_AGE = 31557600
"""The most seconds a policy may be kept (RFC 8461 §3.2): one year."""

WAIT_AFTER_FAILURE = 300.0
"""After a fetch that failed, the same id is not fetched again for so many seconds (RFC 8461 §3.3)."""

POLICY_PATH = "/.well-known/mta-sts.txt"
"""Where the policy's host serves it (RFC 8461 §3.3)."""

_VERSION = "STSv1"
_BEGINNING = f"v={_VERSION};".encode()
_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}\Z")
_TXT_VALUE = re.compile(r"[!-:<>-~]+\Z")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PATTERN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\Z")
_ONE_STRING = re.compile(r'"[ !#-\[\]-~]{0,255}"\Z')
"""A TXT record as most are: one string in which nothing is escaped."""

_AGE = re.compile(r"[0-9]{1,10}\Z")
_WSP = " \t"


# -- the record --------------------------------------------------------------------------------------------------------


class RecordStatus(StrEnum):
    """What the DNS says about a policy; `INVALID` counts as absent (RFC 8461 §3.1), `FAILED` says nothing."""

    FOUND = "found"
    ABSENT = "absent"
    INVALID = "invalid"
    FAILED = "failed"


class PolicyRecord(Struct, frozen=True, kw_only=True):
    """The TXT record as read. `id` is there where it was found, `reason` where it was not."""

    status: RecordStatus
    id: str | None = None
    reason: str = ""


def policy_host(domain: str) -> str:
    """The host that serves the policy of `domain`."""
    return f"mta-sts.{domain}"


def record_question(domain: str) -> Question:
    """What a sender asks to learn whether `domain` has a policy."""
    return Question(name=f"_mta-sts.{domain}", rrtype=RecordType.TXT)


def read_record(answer: Answer) -> PolicyRecord:
    """What the answer to `record_question` says: exactly one record may begin with `v=STSv1;`, and others do not count.

    The strings of a record are joined without a space.
    """
    if answer.status.is_temporary:
        return PolicyRecord(status=RecordStatus.FAILED, reason=f"the TXT lookup failed: {answer.status}")
    texts = [_join(record) for record in answer.records if isinstance(record, TextRecord)]
    ours = [text for text in texts if text.startswith(_BEGINNING)]
    if not ours:
        return PolicyRecord(status=RecordStatus.ABSENT, reason="no TXT record begins with v=STSv1;")
    if len(ours) > 1:
        return _invalid(f"{len(ours)} TXT records begin with v=STSv1;")
    return _read_fields(ours[0])


def _join(record: TextRecord) -> bytes:
    """The octets of a TXT record, from its presentation text."""
    if _ONE_STRING.match(record.text):
        return record.text[1:-1].encode()
    import dns.exception  # most domains have no such record, and dnspython takes its time to be loaded
    import dns.rdata
    from dns.rdtypes.ANY.TXT import TXT

    try:
        rdata = dns.rdata.from_text("IN", "TXT", record.text)
    except (dns.exception.DNSException, ValueError):
        return b""
    return b"".join(rdata.strings) if isinstance(rdata, TXT) else b""


def _read_fields(text: bytes) -> PolicyRecord:
    """The id among the fields behind the version; the first counts, unknown fields do not (RFC 8461 §3.2)."""
    found: str | None = None
    fields = text.decode("latin-1").split(";")[1:]
    if not fields[-1].strip(_WSP):
        fields.pop()
    for field in fields:
        key, equals, value = field.strip(_WSP).partition("=")
        if not equals or not _KEY.match(key) or not _TXT_VALUE.match(value):
            return _invalid(f"not a field of the form key=value: {field.strip(_WSP)[:60]!r}")
        if key == "id" and found is None:
            found = value
    if found is None:
        return _invalid("the TXT record has no id")
    if not _ID.match(found):
        return _invalid(f"the id is not of 1 to 32 letters and digits: {found[:60]!r}")
    return PolicyRecord(status=RecordStatus.FOUND, id=found)


def _invalid(reason: str) -> PolicyRecord:
    return PolicyRecord(status=RecordStatus.INVALID, reason=reason)


# -- the policy --------------------------------------------------------------------------------------------------------


class Mode(StrEnum):
    """What a policy asks of senders: to refuse other hosts, to deliver and report, or nothing."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


_MODES = {mode.value: mode for mode in Mode}


class Policy(Struct, frozen=True, kw_only=True):
    """A policy. `mx` are patterns in lower case, `max_age` seconds."""

    mode: Mode
    mx: tuple[str, ...]
    max_age: int

    def allows(self, host: str) -> bool:
        """Whether a pattern matches the name of an MX host."""
        return any(match_host(pattern, host) for pattern in self.mx)


class UnusablePolicy(Struct, frozen=True, kw_only=True):
    """A policy file that senders have to ignore, why, and the line that shows it (from 1; None: the whole file)."""

    reason: str
    line: int | None = None


def match_host(pattern: str, host: str) -> bool:
    """Whether a pattern matches a host name: `*` stands for exactly one whole label, the first (RFC 8461 §4.1)."""
    pattern, host = pattern.lower(), host.lower().rstrip(".")
    if not pattern.startswith("*."):
        return bool(host) and pattern == host
    label, dot, rest = host.partition(".")
    return bool(label and dot) and rest == pattern[2:]


def read_policy(body: bytes) -> Policy | UnusablePolicy:
    """The policy in the bytes of a file.

    Of a key that stands twice the first counts (mx: all), unknown keys do not. Lines end with CRLF or LF; empty ones
    are let through, which the grammar of RFC 8461 §3.2 does not have and senders do.
    """
    try:
        lines = body.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        return UnusablePolicy(reason="not UTF-8", line=body.count(b"\n", 0, error.start) + 1)
    first: dict[str, tuple[str, int]] = {}
    patterns: list[str] = []
    for number, line in enumerate(lines, start=1):
        line = line.removesuffix("\r").rstrip(_WSP)
        if not line:
            continue
        key, colon, value = line.partition(":")
        value = value.lstrip(_WSP)
        if not colon or not _KEY.match(key) or not value or not value.isprintable():
            return UnusablePolicy(reason="not a line of the form key: value", line=number)
        if key == "mx":
            if not _PATTERN.match(value):
                return UnusablePolicy(reason="not a host name, or one behind `*.`", line=number)
            patterns.append(value.lower())
        else:
            first.setdefault(key, (value, number))
    return _settle(first, tuple(patterns))


def _settle(fields: dict[str, tuple[str, int]], mx: tuple[str, ...]) -> Policy | UnusablePolicy:
    """The policy of fields that were read, where every required one is there and right."""
    for key in ("version", "mode", "max_age"):
        if key not in fields:
            return UnusablePolicy(reason=f"`{key}` is missing")
    (version, at), (mode, mode_at), (age, age_at) = fields["version"], fields["mode"], fields["max_age"]
    if version != _VERSION:
        return UnusablePolicy(reason=f"the version is not {_VERSION}", line=at)
    if mode not in _MODES:
        return UnusablePolicy(reason="the mode is none of enforce, testing, none", line=mode_at)
    if not _AGE.match(age) or int(age) > LONGEST_AGE:
        return UnusablePolicy(reason=f"max_age is not a number from 0 to {LONGEST_AGE}", line=age_at)
    if not mx and _MODES[mode] is not Mode.NONE:
        return UnusablePolicy(reason="no `mx` says which hosts are allowed")
    return Policy(mode=_MODES[mode], mx=mx, max_age=int(age))


def write_policy(policy: Policy) -> bytes:
    """The file that says so."""
    lines = (f"version: {_VERSION}", f"mode: {policy.mode}", *(f"mx: {name}" for name in policy.mx))
    return "".join(f"{line}\r\n" for line in (*lines, f"max_age: {policy.max_age}")).encode()


# -- what a sender remembers -------------------------------------------------------------------------------------------


class Kept(Struct, frozen=True, kw_only=True):
    """A policy in the cache: the id it was fetched under, and when."""

    policy: Policy
    id: str
    fetched_at: float

    def is_fresh(self, now: float) -> bool:
        """Whether it counts at `now`."""
        return self.fetched_at <= now < self.fetched_at + self.policy.max_age


class FailedFetch(Struct, frozen=True, kw_only=True):
    """The last fetch that failed: the id it was for, and when."""

    id: str
    at: float


class Memory(Struct, frozen=True, kw_only=True):
    """What a sender knows about the policy of one domain. Times are seconds of any one clock."""

    kept: Kept | None = None
    failed: FailedFetch | None = None

    def policy_at(self, now: float) -> Policy | None:
        """The policy in force at `now`; None where there is none, and the domain is as one without MTA-STS."""
        return self.kept.policy if self.kept is not None and self.kept.is_fresh(now) else None


class NextStep(StrEnum):
    """What to do before a delivery: take the kept policy, fetch one, or go on without."""

    USE_KEPT = "use-kept"
    FETCH = "fetch"
    NONE = "none"


def next_step(memory: Memory, record: PolicyRecord, now: float) -> NextStep:
    """What follows from memory and record. Only a new id has a policy fetched while another is fresh.

    A record that is absent, invalid or not to be had takes nothing away from a policy that is fresh (RFC 8461 §5.1,
    §10.2): else whoever can suppress an answer could switch MTA-STS off.
    """
    kept = NextStep.USE_KEPT if memory.policy_at(now) is not None else NextStep.NONE
    if record.status is not RecordStatus.FOUND:
        return kept
    if kept is NextStep.USE_KEPT and memory.kept is not None and memory.kept.id == record.id:
        return NextStep.USE_KEPT
    failed = memory.failed
    if failed is not None and failed.id == record.id and now < failed.at + WAIT_AFTER_FAILURE:
        return kept
    return NextStep.FETCH


def learn(memory: Memory, record: PolicyRecord, fetched: Policy | None, now: float) -> Memory:
    """The memory after a fetch for `record`: a policy takes the place of the old one, a failure (None) leaves it."""
    name = record.id or ""
    if fetched is None:
        return replace(memory, failed=FailedFetch(id=name, at=now))
    return Memory(kept=Kept(policy=fetched, id=name, fetched_at=now))


def cell_after_failure(memory: Memory, now: float) -> str:
    """The row of the outcome table for a fetch that failed: T13 where a kept policy counts on, else T12."""
    return "T12" if memory.policy_at(now) is None else "T13"
