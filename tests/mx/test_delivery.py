"""The engine: whatever happens, its order never worsens, it repeats nothing, it stops, and nobody is forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.session import Endpoint
from mxprobe.mx.cells import CELLS
from mxprobe.mx.delivery import Attempt, Delivery, MoveKind, Target, start
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.profile import Limits
from mxprobe.mx.senders import PROFILES, find_profile
from tests.support.chains import targets
from tests.support.profiles import mailer

RECIPIENTS = ("alice@example.test", "bob@example.test")
ENDINGS = [cell for cell in CELLS if cell[0] in "CBHTMXZ" and cell not in ("B1", "H1", "M1", "X1", "T0")]
ANSWERS = ["R1", "R2", "R3", "R4", "R5"]


@given(
    st.sampled_from(PROFILES),
    st.sampled_from([TlsPolicy.NONE, TlsPolicy.MAY, TlsPolicy.ENCRYPT]),
    targets(),
    st.data(),
)
def test_a_round_walks_down_repeats_nothing_and_ends(
    profile: object, policy: TlsPolicy, chain: tuple[Target, ...], data: st.DataObject
) -> None:
    delivery = start(profile, policy, chain, RECIPIENTS)  # type: ignore[arg-type]
    preference_of = {target.endpoint: target.preference for target in chain}
    walked: list[Endpoint] = []
    for _ in range(2 * len(chain) + 2):
        move = data.draw(st.sampled_from(delivery.lawful()))
        if move.kind is not MoveKind.TRY:
            break
        assert move.endpoint is not None
        if move.clear:
            assert walked[-1] == move.endpoint
        else:
            assert move.endpoint not in walked
            assert all(preference_of[seen] <= preference_of[move.endpoint] for seen in walked)
            walked.append(move.endpoint)
        own = tuple((recipient, data.draw(st.sampled_from(ANSWERS))) for recipient in move.recipients)
        cell = data.draw(st.sampled_from(ENDINGS))
        recipients = own if cell[0] in "XZ" else ()
        delivery = delivery.record(Attempt(endpoint=move.endpoint, cell=cell, recipients=recipients, clear=move.clear))
    else:
        raise AssertionError("the round does not end")
    _nobody_is_forgotten(delivery)


def _nobody_is_forgotten(delivery: Delivery) -> None:
    settled = [recipient for recipient, _ in delivery.delivered + delivery.bounced + delivery.postponed]

    assert sorted(settled + list(delivery.pending)) == sorted(RECIPIENTS)


def _chain(*hosts: tuple[int, str]) -> tuple[Target, ...]:
    return tuple(
        Target(preference=preference, endpoint=Endpoint(host=name, address=f"192.0.2.{number}"))
        for number, (preference, name) in enumerate(hosts, start=1)
    )


def _walk(sender: str, cells: dict[str, str], chain: tuple[Target, ...]) -> tuple[list[str], str, str | None]:
    """The hosts tried, how the round ended, by which cell."""
    profile = find_profile(sender)
    delivery, tried = start(profile, profile.tls, chain, RECIPIENTS[:1]), []
    while (move := delivery.lawful()[0]).kind is MoveKind.TRY:
        assert move.endpoint is not None
        tried.append(move.endpoint.host + ("-clear" if move.clear else ""))
        cell = "Z1" if move.clear else cells.get(move.endpoint.host, "Z1")
        recipients = ((RECIPIENTS[0], cell),) if cell[0] == "R" else ((RECIPIENTS[0], "R1"),)
        attempt = Attempt(
            endpoint=move.endpoint, cell="R8" if cell[0] == "R" else cell, recipients=recipients, clear=move.clear
        )
        delivery = delivery.record(attempt)
    if delivery.bounced:
        return tried, "bounce", delivery.bounced[0][1]
    return tried, move.kind.value, move.cell


TWO = _chain((10, "mx1"), (20, "mx2"))


def test_a_refused_connection_leads_every_mailer_to_the_next_host() -> None:
    for profile in PROFILES:
        assert _walk(profile.name, {"mx1": "C1"}, TWO) == (["mx1", "mx2"], "done", None)


def test_a_554_greeting_leads_on_but_haraka_bounces() -> None:
    for sender in ("rfc5321", "postfix", "exim"):
        assert _walk(sender, {"mx1": "B3"}, TWO) == (["mx1", "mx2"], "done", None)

    assert _walk("haraka", {"mx1": "B3"}, TWO) == (["mx1"], "bounce", "B3")


def test_when_every_host_greets_with_554_postfix_alone_keeps_the_mail() -> None:
    everywhere = {"mx1": "B3", "mx2": "B3"}

    assert _walk("rfc5321", everywhere, TWO)[1] == "bounce"
    assert _walk("exim", everywhere, TWO)[1] == "bounce"
    assert _walk("postfix", everywhere, TWO) == (["mx1", "mx2"], "wait", "E1")


def test_one_host_that_may_do_later_keeps_the_mail_except_where_the_last_host_counts() -> None:
    mixed = {"mx1": "C1", "mx2": "B3"}

    assert _walk("rfc5321", mixed, TWO)[1] == "wait"
    assert _walk("exim", mixed, TWO)[1] == "bounce"
    assert _walk("exim", {"mx1": "B3", "mx2": "C1"}, TWO)[1] == "wait"


def test_a_greylisted_recipient_spills_over_or_waits() -> None:
    assert _walk("postfix", {"mx1": "R2"}, TWO) == (["mx1", "mx2"], "done", None)
    assert _walk("haraka", {"mx1": "R2"}, TWO) == (["mx1"], "wait", "R2")


def test_a_broken_handshake_is_retried_in_clear_at_once_or_on_another_host() -> None:
    assert _walk("rfc5321", {"mx1": "T4"}, TWO)[0] == ["mx1", "mx1-clear"]
    assert _walk("postfix", {"mx1": "T4"}, TWO)[0] == ["mx1", "mx2"]


def test_postfix_goes_in_clear_once_the_mail_has_waited() -> None:
    profile = find_profile("postfix")

    assert profile.ruling("T4", TlsPolicy.MAY, 299.0).action == "next"
    assert profile.ruling("T4", TlsPolicy.MAY, 300.0).action == "clear"


def test_a_refused_recipient_is_final_everywhere() -> None:
    for profile in PROFILES:
        assert _walk(profile.name, {"mx1": "R4"}, TWO) == (["mx1"], "bounce", "R4")


def test_postfix_stops_after_five_addresses_and_exim_saves_the_next_preference() -> None:
    crowd = _chain(*[(10, f"a{number}") for number in range(6)], (20, "mx2"))
    dead = {f"a{number}": "C1" for number in range(6)}

    assert len(_walk("postfix", dead, crowd)[0]) == 5
    assert _walk("exim", dead, crowd)[0][-1] == "mx2"
    assert len(_walk("rfc5321", dead, crowd)[0]) == 7


def test_postfix_stops_after_two_sessions() -> None:
    three = _chain((10, "mx1"), (20, "mx2"), (30, "mx3"))

    assert _walk("postfix", {"mx1": "R2", "mx2": "R2"}, three)[0] == ["mx1", "mx2"]


def _tried(limits: Limits, chain: tuple[Target, ...], cell: str) -> list[str]:
    """The addresses that a mailer with these limits tries, in order, when every one ends in `cell`."""
    delivery = start(mailer("Limited", limits=limits), TlsPolicy.MAY, chain, RECIPIENTS)
    while (move := delivery.lawful()[0]).kind is MoveKind.TRY and move.endpoint is not None:
        delivery = delivery.record(Attempt(endpoint=move.endpoint, cell=cell))
    return [endpoint.address for endpoint in delivery.tried]


def test_a_mailer_may_try_so_many_hosts_and_so_many_addresses_of_each() -> None:
    addresses = (("mx1", 1), ("mx1", 2), ("mx1", 3), ("mx2", 4), ("mx3", 5))
    chain = tuple(
        Target(preference=10 * int(host[2]), endpoint=Endpoint(host=host, address=f"192.0.2.{number}"))
        for host, number in addresses
    )

    assert _tried(Limits(hosts=2), chain, "C1") == ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]
    assert _tried(Limits(addresses_per_host=2), chain, "C1") == ["192.0.2.1", "192.0.2.2", "192.0.2.4", "192.0.2.5"]
    assert _tried(Limits(hosts=2, one_answer_per_host=True), chain, "B2") == ["192.0.2.1", "192.0.2.4"]


def test_a_limit_of_hosts_leaves_the_choice_among_equals_open() -> None:
    equals = _chain((10, "a"), (10, "b"), (10, "c"))
    delivery = start(mailer("One", limits=Limits(hosts=1)), TlsPolicy.MAY, equals, RECIPIENTS)
    assert len(delivery.lawful()) == 3

    delivery = delivery.record(Attempt(endpoint=equals[2].endpoint, cell="C1"))

    assert [move.kind for move in delivery.lawful()] == [MoveKind.WAIT]


def test_a_mailer_of_one_family_passes_over_the_addresses_of_the_other() -> None:
    chain = (
        Target(preference=10, endpoint=Endpoint(host="mx1", address="2001:db8::1")),
        Target(preference=20, endpoint=Endpoint(host="mx2", address="192.0.2.2")),
    )

    assert _tried(Limits(families=(4,)), chain, "C1") == ["192.0.2.2"]
    assert _tried(Limits(), chain, "C1") == ["2001:db8::1", "192.0.2.2"]


def test_the_addresses_of_a_host_stay_together() -> None:
    chain = (
        Target(preference=10, endpoint=Endpoint(host="mx1", address="192.0.2.1")),
        Target(preference=10, endpoint=Endpoint(host="mx1", address="192.0.2.2")),
        Target(preference=10, endpoint=Endpoint(host="mx2", address="192.0.2.3")),
    )
    delivery = start(find_profile("rfc5321"), TlsPolicy.MAY, chain, RECIPIENTS)
    assert {move.endpoint.address for move in delivery.lawful() if move.endpoint} == {"192.0.2.1", "192.0.2.3"}

    delivery = delivery.record(Attempt(endpoint=chain[0].endpoint, cell="C1"))

    assert [move.endpoint for move in delivery.lawful()] == [chain[1].endpoint]
