"""What the rules about MTA-STS ask of the MX hosts: which there are, and whether each proves who it is."""

from collections.abc import Iterator

from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import answering, chain_of, offers_starttls


def hosts_under(snapshot: Snapshot) -> tuple[str, ...]:
    """Every MX host that senders may go to, each once, in the order of the chain."""
    return tuple(dict.fromkeys(host.name for host in chain_of(snapshot).hosts))


def failures_at(snapshot: Snapshot, host: str) -> Iterator[str]:
    """How the addresses of a host fail to prove who it is, a line for each that does."""
    for session in answering(snapshot):
        if session.endpoint.host == host and (reason := _failure(session)):
            yield f"{session.endpoint.id}: {reason}"


def is_right_at(snapshot: Snapshot, host: str) -> bool | None:
    """Whether every address of a host proves who it is; None where one was not seen to."""
    if any(failures_at(snapshot, host)):
        return False
    shaken = [one for one in answering(snapshot) if one.endpoint.host == host and _is_valid(one)]
    addresses = [address for one in chain_of(snapshot).hosts if one.name == host for address in one.addresses]
    return True if addresses and {one.endpoint.address for one in shaken} >= set(addresses) else None


def _is_valid(session: Session) -> bool:
    return session.tls is not None and session.tls.verdict.is_valid is True


def _failure(session: Session) -> str:
    """Why a sender that obeys the policy does not deliver here; empty where it does, or nobody knows."""
    if not offers_starttls(session):
        return "no STARTTLS is offered"
    if session.tls is None or session.tls.verdict.is_valid is not False:
        return ""
    verdict = session.tls.verdict
    if verdict.name_matches is False:
        names = ", ".join(session.tls.chain[0].names) if session.tls.chain else ""
        return f"certificate for {names or 'no name at all'}"
    return "; ".join(problem.text for problem in verdict.problems) or "its certificate is not valid"
