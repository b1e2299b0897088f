"""Reads an aggregate report of SMTP TLS reporting, strictly: what it is not is said with the path inside it.

Reports are written by strangers and sent by mail: depth, counts and lengths are bounded, and a key that stands twice is
refused, because readers differ on which one counts. What real generators write beside the standard is taken: lists and
single texts for each other, and `null` for a list without members.
Standards: RFC 8460 §4.2 (who and when), §4.3 (result types), §4.4 (the form).
"""

import json
import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.tlsreport import TlsFailure, TlsPolicyReport, TlsReport

RESULTS = {
    "starttls-not-supported": "STARTTLS was not offered",
    "certificate-host-mismatch": "the certificate is for another name",
    "certificate-expired": "the certificate has expired",
    "certificate-not-trusted": "the certificate is of no authority that the sender trusts",
    "validation-failure": "the handshake or the certificate failed in another way",
    "tlsa-invalid": "no TLSA record matches the certificate",
    "dnssec-invalid": "the signatures (DNSSEC) do not hold",
    "dane-required": "the sender demands DANE, and there is none",
    "sts-policy-fetch-error": "the MTA-STS policy could not be fetched",
    "sts-policy-invalid": "the MTA-STS policy is not valid",
    "sts-webpki-invalid": "the certificate of the policy host is not valid",
}
"""Result types of RFC 8460 §4.3, in words."""

_DEEPEST = 24
_MOST_POLICIES, _MOST_FAILURES, _MOST_LINES = 4096, 20_000, 512
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]|[^\s{}\[\],:"]++')
"""Possessive, so that a text of megabytes takes no memory for ways back."""


Text = Annotated[str, Meta(max_length=4096)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
Lines = Annotated[tuple[Text, ...], Meta(max_length=_MOST_LINES)]


class _Range(Struct, frozen=True, kw_only=True, rename="kebab"):
    start_datetime: Text
    end_datetime: Text


class _Policy(Struct, frozen=True, kw_only=True, rename="kebab"):
    policy_type: Text
    policy_domain: Text
    policy_string: Lines | Text | None = None
    mx_host: Lines | Text | None = None


class _Summary(Struct, frozen=True, kw_only=True, rename="kebab"):
    total_successful_session_count: Count
    total_failure_session_count: Count


class _Detail(Struct, frozen=True, kw_only=True, rename="kebab"):
    result_type: Text
    failed_session_count: Count
    sending_mta_ip: Text | None = None
    receiving_mx_hostname: Text | None = None
    receiving_ip: Text | None = None
    failure_reason_code: Text | None = None


class _PolicyReport(Struct, frozen=True, kw_only=True, rename="kebab"):
    policy: _Policy
    summary: _Summary
    failure_details: Annotated[tuple[_Detail, ...], Meta(max_length=_MOST_FAILURES)] | None = None


class _Report(Struct, frozen=True, kw_only=True, rename="kebab"):
    organization_name: Text
    date_range: _Range
    report_id: Text
    policies: Annotated[tuple[_PolicyReport, ...], Meta(min_length=1, max_length=_MOST_POLICIES)]


_HINT = "Right is a report of SMTP TLS reporting (RFC 8460): JSON, plain or compressed by gzip."


def read_report(data: bytes, path: str) -> TlsReport:
    """The report in a JSON text. Raises InputError with the path inside the document."""
    place = Place(path)
    try:
        text = data.decode("utf-8-sig")
        read = msgspec.json.decode(text, type=_Report)
        _check_form(text, path)  # behind the reader, so that what it goes through is JSON
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 (byte {error.start + 1})", place=place, hint=_HINT) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"no report of TLS sessions: {error}", place=place, hint=_HINT) from error
    begins, ends = (
        _moment(word, key, path)
        for key, word in (
            ("start-datetime", read.date_range.start_datetime),
            ("end-datetime", read.date_range.end_datetime),
        )
    )
    if ends < begins:
        raise InputError("$.date-range: the report ends before it begins", place=place)
    return TlsReport(
        by=read.organization_name,
        id=read.report_id,
        begins=begins,
        ends=ends,
        policies=tuple(map(_policy, read.policies)),
        path=path,
    )


def _policy(read: _PolicyReport) -> TlsPolicyReport:
    return TlsPolicyReport(
        domain=_name(read.policy.policy_domain),
        kind=read.policy.policy_type.lower(),
        mode=_mode(_lines(read.policy.policy_string)),
        hosts=tuple(map(_name, _lines(read.policy.mx_host))),
        good=read.summary.total_successful_session_count,
        failed=read.summary.total_failure_session_count,
        failures=tuple(
            TlsFailure(
                result=one.result_type.lower(),
                sessions=one.failed_session_count,
                host=_name(one.receiving_mx_hostname or ""),
                receiving_ip=one.receiving_ip or "",
                sending_ip=one.sending_mta_ip or "",
                reason=one.failure_reason_code or "",
            )
            for one in read.failure_details or ()
        ),
    )


def _lines(value: tuple[str, ...] | str | None) -> tuple[str, ...]:
    return tuple(value.splitlines()) if isinstance(value, str) else value or ()


def _mode(lines: tuple[str, ...]) -> str | None:
    """The mode that the lines of an MTA-STS policy say."""
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() == "mode":
            return value.strip().lower()
    return None


def _name(text: str) -> str:
    return text.strip().lower().rstrip(".")


def _moment(word: str, key: str, path: str) -> float:
    """Seconds since 1970 of a date and time as reports have them; without a zone it is read as UTC."""
    try:
        moment = datetime.fromisoformat(word.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        says = f"$.date-range.{key}: `{word[:60]}` is no date and time"
        raise InputError(says, place=Place(path), hint="Right is 2026-11-20T00:00:00Z.") from error


# -- the form ----------------------------------------------------------------------------------------------------------


class _Open:
    """An object or a list that is not closed yet: how it is called, its keys (None: a list), its place in a list."""

    def __init__(self, name: str, is_object: bool) -> None:
        self.name, self.index, self.key = name, 0, ""
        self.keys: set[str] | None = set() if is_object else None

    @property
    def step(self) -> str:
        """How what begins here is called."""
        return f"{self.name}[{self.index}]" if self.keys is None else f"{self.name}.{self.key[:60]}"


def _check_form(text: str, path: str) -> None:
    """Refuse keys that stand twice and brackets that are too deep, in a text that is JSON."""
    stack = list[_Open]()
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            stack.append(_Open(stack[-1].step if stack else "$", token == "{"))
            if len(stack) > _DEEPEST:
                raise InputError(f"brackets in brackets, more than {_DEEPEST} deep", place=_place(text, match, path))
        elif token in "}]":
            stack.pop()
        elif token == "," and stack[-1].keys is None:
            stack[-1].index += 1
        elif token[0] == '"' and stack and stack[-1].keys is not None and _is_key(text, match.end()):
            stack[-1].key = key = _unquoted(token)
            if key in stack[-1].keys:
                says = f"{stack[-1].name}: the key `{key[:60]}` stands there a second time"
                raise InputError(says, place=_place(text, match, path))
            stack[-1].keys.add(key)


def _is_key(text: str, end: int) -> bool:
    while end < len(text) and text[end] in " \t\r\n":
        end += 1
    return text[end : end + 1] == ":"


def _unquoted(token: str) -> str:
    if "\\" not in token:
        return token[1:-1]
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token


def _place(text: str, match: re.Match[str], path: str) -> Place:
    return Place(path, text.count("\n", 0, match.start()) + 1)
