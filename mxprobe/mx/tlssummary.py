"""What reports of SMTP TLS reporting tell together: of each domain, each MX host, and by whom.

A report counts failed sessions by host and reason, and good ones by policy alone: how many sessions a host had in all
is not in it, and is not made up here. Standards: RFC 8460 §4.3, §4.4.
"""

from collections.abc import Iterator

from msgspec import Struct

from mxprobe.facts.tlsreport import TlsFailure, TlsPolicyReport, TlsReport

_Told = tuple[TlsReport, TlsPolicyReport]
"""A policy of a report, beside the report."""


class Failed(Struct, frozen=True, kw_only=True):
    """Sessions with one host that failed in one way, as one sender tells it over all its reports."""

    by: str
    result: str
    sessions: int
    begins: float
    ends: float
    reasons: tuple[str, ...] = ()
    sending_ips: tuple[str, ...] = ()
    receiving_ips: tuple[str, ...] = ()


class HostReport(Struct, frozen=True, kw_only=True):
    """One MX host ("": reports do not name it); `is_known` whether today's MX records name it (None: nobody looked)."""

    host: str
    is_known: bool | None = None
    failed: tuple[Failed, ...] = ()

    @property
    def sessions(self) -> int:
        """Sessions that failed."""
        return sum(one.sessions for one in self.failed)


class Reporter(Struct, frozen=True, kw_only=True):
    """What one sender tells of a domain: reports, sessions, and in how many that failed no policy held mail back."""

    by: str
    reports: int
    good: int
    failed: int
    begins: float
    ends: float


class DomainReport(Struct, frozen=True, kw_only=True):
    """All reports about one domain.

    `held` are failed sessions under a policy that forbids to go on (TLSA, or MTA-STS in force, or in a mode that the
    report does not tell), `passed` those in which mail could go on without. `unexplained` failed without a detail,
    `surplus` are counted in details beyond what the summaries say.
    """

    domain: str
    reporters: tuple[Reporter, ...]
    hosts: tuple[HostReport, ...]
    held: int = 0
    passed: int = 0
    unexplained: int = 0
    surplus: int = 0

    @property
    def good(self) -> int:
        """Sessions in which TLS was as it should be."""
        return sum(one.good for one in self.reporters)

    @property
    def failed(self) -> int:
        """Sessions that failed."""
        return sum(one.failed for one in self.reporters)


def sum_reports(
    reports: tuple[TlsReport, ...], chains: dict[str, frozenset[str]] | None = None
) -> tuple[DomainReport, ...]:
    """What reports tell of each domain, whose MX hosts today may be among `chains`; by name."""
    told: dict[str, list[_Told]] = {}
    for report in reports:
        for policy in report.policies:
            told.setdefault(policy.domain, []).append((report, policy))
    return tuple(_sum_domain(domain, told[domain], (chains or {}).get(domain)) for domain in sorted(told))


def without_repeats(reports: tuple[TlsReport, ...]) -> tuple[TlsReport, ...]:
    """Reports, each sender's id once."""
    return tuple({(one.by, one.id): one for one in reversed(reports)}.values())[::-1]


def _sum_domain(domain: str, told: list[_Told], chain: frozenset[str] | None) -> DomainReport:
    explained = [(policy.failed, sum(one.sessions for one in policy.failures)) for _, policy in told]
    found: dict[str, dict[tuple[str, str], list[tuple[TlsReport, TlsFailure]]]] = {}
    for report, policy in told:
        for one in policy.failures:
            found.setdefault(one.host, {}).setdefault((report.by, one.result), []).append((report, one))
    return DomainReport(
        domain=domain,
        reporters=tuple(_reporters(told)),
        hosts=tuple(
            HostReport(
                host=host,
                is_known=None if chain is None or not host else host in chain,
                failed=tuple(
                    sorted((_failed(*key, them) for key, them in ways.items()), key=lambda one: -one.sessions)
                ),
            )
            for host, ways in sorted(found.items(), key=lambda item: (not item[0], item[0]))
        ),
        held=sum(policy.failed for _, policy in told if holds_mail_back(policy)),
        passed=sum(policy.failed for _, policy in told if not holds_mail_back(policy)),
        unexplained=sum(max(failed - details, 0) for failed, details in explained),
        surplus=sum(max(details - failed, 0) for failed, details in explained),
    )


def holds_mail_back(policy: TlsPolicyReport) -> bool:
    """Whether mail of sessions that fail under a policy waits: one that is not known to let it pass does."""
    if policy.kind == "no-policy-found":
        return False
    return policy.kind != "sts" or policy.mode not in ("testing", "none")


def _reporters(told: list[_Told]) -> Iterator[Reporter]:
    of_each: dict[str, list[_Told]] = {}
    for one in told:
        of_each.setdefault(one[0].by, []).append(one)
    for by, own in of_each.items():
        yield Reporter(
            by=by,
            reports=len({report.id for report, _ in own}),
            good=sum(policy.good for _, policy in own),
            failed=sum(policy.failed for _, policy in own),
            begins=min(report.begins for report, _ in own),
            ends=max(report.ends for report, _ in own),
        )


def _failed(by: str, result: str, them: list[tuple[TlsReport, TlsFailure]]) -> Failed:
    return Failed(
        by=by,
        result=result,
        sessions=sum(one.sessions for _, one in them),
        begins=min(report.begins for report, _ in them),
        ends=max(report.ends for report, _ in them),
        reasons=tuple(dict.fromkeys(one.reason for _, one in them if one.reason)),
        sending_ips=tuple(dict.fromkeys(one.sending_ip for _, one in them if one.sending_ip)),
        receiving_ips=tuple(dict.fromkeys(one.receiving_ip for _, one in them if one.receiving_ip)),
    )
