"""A look counted in round trips, in virtual time: from the MX query to the end, cold, and with many hosts at once."""

import pytest
from msgspec.structs import replace

from tests.support.judged import DOMAIN, FLAWLESS, LATENCY, PROBE_NAME, Domain, Looked, MailHost, look_at

ROUND_TRIP = 2 * LATENCY
MOST = 9.2
"""MX; A and AAAA; SYN, banner, EHLO, STARTTLS, handshake, EHLO; and QUIT, behind the recipients where there are any."""

RECIPIENTS = pytest.mark.parametrize("recipients", [(), (f"alice@{DOMAIN}", f"bob@{DOMAIN}")], ids=["plain", "to"])


def _with_hosts(count: int) -> Domain:
    """So many MX hosts with two addresses each."""
    domain, hosts = FLAWLESS.without(DOMAIN, "MX"), dict[str, MailHost]()
    for number in range(1, count + 1):
        name, four, six = f"mx{number}.{DOMAIN}", f"198.41.{number}.4", f"2001:503:ba3e::{number}:30"
        domain = domain.plus(DOMAIN, f"MX {number * 10} {name}.").at(name, f"A {four}", f"AAAA {six}")
        hosts |= {address: MailHost(name=name, pipelining=True) for address in (four, six)}
    return replace(domain, hosts=hosts)


def _until_quit(looked: Looked) -> float:
    """Round trips from the MX query to the last reply to QUIT."""
    seen = looked.snapshot
    sessions = [session for visit in seen.visits for session in visit.sessions]
    assert sessions
    assert all(session.failure is None and session.tls is not None for session in sessions)
    return max(session.started_at + session.turns[-1].ended - seen.started_at for session in sessions) / ROUND_TRIP


@RECIPIENTS
def test_a_cold_look_takes_nine_round_trips_from_the_mx_query_to_quit(recipients: tuple[str, ...]) -> None:
    looked = look_at(_with_hosts(1), recipients=recipients)

    assert _until_quit(looked) == pytest.approx(9, abs=MOST - 9)


@RECIPIENTS
def test_what_is_asked_beside_the_sessions_does_not_make_the_look_longer(recipients: tuple[str, ...]) -> None:
    looked = look_at(_with_hosts(1), recipients=recipients)

    assert looked.snapshot.policy is not None
    assert looked.snapshot.authorities
    assert looked.snapshot.elapsed / ROUND_TRIP <= MOST


@RECIPIENTS
def test_three_hosts_with_two_addresses_each_take_no_longer_than_one(recipients: tuple[str, ...]) -> None:
    one, three = look_at(_with_hosts(1), recipients=recipients), look_at(_with_hosts(3), recipients=recipients)

    assert len(three.dialled) == 6
    assert _until_quit(three) <= 1.1 * _until_quit(one)
    assert three.snapshot.elapsed <= 1.1 * one.snapshot.elapsed


def test_a_sender_whose_name_has_no_mx_record_is_known_when_the_first_host_is_dialled() -> None:
    looked = look_at(_with_hosts(1), recipients=(f"alice@{DOMAIN}",))

    assert looked.snapshot.vantage.mail_from == f"postmaster@{PROBE_NAME}"
    assert min(looked.dialled) <= 2.05 * ROUND_TRIP
