"""Rules about recipients: each fires on its cause, not on what looks like it, and never passes on what was not told."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.codec import masked
from mxprobe.facts.finding import Finding, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.probe.matrix import MatrixRequest
from mxprobe.rules import judge_snapshot
from tests.support.asked import ONE, RANDOM, Answering, ask_matrix
from tests.support.examples import snapshot_of

HOSTS = """\
example.test MX 10 mx1.example.test
example.test MX 20 mx2.example.test
mx1.example.test A 192.0.2.1
mx2.example.test A 192.0.2.2
"""
UP1 = '192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1"\n'
UP2 = '192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2"\n'
PAIR = HOSTS + UP1 + UP2
HEALTHY = f'{PAIR}192.0.2.1 random "550 5.1.1 no such user"\n'
RELAY = "554 5.7.1 Relay access denied"
GREY = "451 4.7.1 Greylisted, try again later"
LISTED = "550 5.7.1 [203.0.113.9] is on dnsbl.example"
RECIPIENT_CODES = (
    *("MX315", "MX660", "MX662", "MX801", "MX802", "MX803", "MX804"),
    *("MX808", "MX809", "MX810", "MX811"),
)


def _one(host: int, role: str, text: str) -> str:
    return f'192.0.2.{host} {role} "{text}"\n'


def _statuses(seen: Snapshot) -> dict[str, Status]:
    return {judgement.code: judgement.status for judgement in judge_snapshot(seen)}


def _found(seen: Snapshot) -> dict[str, Finding]:
    return {finding.code: finding for judgement in judge_snapshot(seen) for finding in judgement.findings}


def _reason(seen: Snapshot, code: str) -> str:
    return next(judgement.reason or "" for judgement in judge_snapshot(seen) if judgement.code == code)


def test_a_healthy_pair_passes_them_all_and_is_told_to_accept() -> None:
    statuses = _statuses(snapshot_of(HEALTHY))

    assert {code: statuses[code] for code in RECIPIENT_CODES} == dict.fromkeys(RECIPIENT_CODES, Status.PASSES)
    assert statuses["MX800"] is Status.FIRES
    assert statuses["MX003"] is Status.PASSES


@pytest.mark.parametrize(
    ("code", "fires", "near_miss"),
    [
        ("MX800", _one(1, "good", "250 ok"), _one(1, "good", "550 5.1.1 no") + _one(2, "good", "550 5.1.1 no")),
        (
            "MX801",
            _one(2, "good", RELAY) + _one(2, "postmaster", RELAY),
            _one(2, "good", RELAY) + _one(2, "postmaster", "250 ok"),
        ),
        (
            "MX801",
            _one(2, "good", "550 5.1.2 no") + _one(2, "postmaster", "550 5.1.2 no"),
            _one(2, "good", "550 5.1.1 no such user") + _one(2, "postmaster", "550 5.1.1 no such user"),
        ),
        ("MX802", _one(2, "good", "550 5.1.1 no such user"), _one(2, "good", "250 ok")),
        ("MX802", _one(1, "good", "550 5.1.1 no such user"), _one(1, "random", "550 5.1.1 no such user")),
        ("MX803", _one(2, "random", "250 ok"), _one(1, "random", "250 ok") + _one(2, "random", "250 ok")),
        ("MX803", _one(2, "random", "250 ok"), _one(1, "random", "250 ok")),
        ("MX804", _one(1, "random", "250 ok") + _one(2, "random", "250 ok"), _one(2, "random", "250 ok")),
        ("MX808", _one(1, "good", GREY), _one(2, "good", GREY) + _one(1, "random", "550 5.1.1 no")),
        ("MX808", _one(1, "good", LISTED), _one(1, "good", "550 5.1.1 no such user")),
        ("MX809", _one(1, "good", GREY) + _one(1, "again good", "250 ok"), _one(1, "good", "250 ok")),
        (
            "MX810",
            "".join(_one(host, "good", GREY) + _one(host, "again good", "250 ok") for host in (1, 2)),
            _one(1, "good", GREY) + _one(1, "again good", "250 ok"),
        ),
        ("MX811", _one(1, "foreign", "250 ok"), _one(1, "foreign", "550 5.7.1 Access denied")),
        ("MX662", _one(1, "null", "550 5.7.1 no empty senders"), _one(1, "null", "250 ok")),
        ("MX660", _one(2, "postmaster", "550 5.1.1 no such user"), _one(2, "random", "550 5.1.1 no")),
        (
            "MX315",
            _one(2, "good", "450 4.3.2 deliver directly to the primary server"),
            _one(2, "good", "550 5.1.1 no such user"),
        ),
    ],
)
def test_a_rule_fires_on_its_cause_and_not_on_what_looks_like_it(code: str, fires: str, near_miss: str) -> None:
    assert code in _found(snapshot_of(PAIR + fires))
    assert _statuses(snapshot_of(PAIR + near_miss))[code] is not Status.FIRES


def test_a_named_recipient_alone_leaves_the_rest_open_and_says_what_would_tell() -> None:
    seen = snapshot_of(PAIR + _one(1, "good", "250 ok"))

    for code in ("MX660", "MX662", "MX803", "MX804", "MX811"):
        assert _statuses(seen)[code] is Status.INCONCLUSIVE, code
        assert "--matrix" in _reason(seen, code)
    assert _statuses(seen)["MX802"] is Status.PASSES
    assert _statuses(seen)["MX800"] is Status.FIRES


def test_without_a_recipient_none_of_them_passes() -> None:
    statuses = _statuses(snapshot_of(PAIR))

    assert {statuses[code] for code in (*RECIPIENT_CODES, "MX800")} == {Status.INCONCLUSIVE}


def test_a_backup_that_cannot_be_asked_is_never_a_pass() -> None:
    seen = snapshot_of(f"{HOSTS}{UP1}192.0.2.2 does not answer\n{_one(1, 'random', '550 5.1.1 no')}")

    for code in ("MX802", "MX803", "MX804", "MX808", "MX811", "MX660", "MX662", "MX315"):
        expected = Status.PASSES if code == "MX804" else Status.INCONCLUSIVE
        assert _statuses(seen)[code] is expected, code


@pytest.mark.parametrize("reply", [LISTED, GREY, "451 4.3.0 not now", "450 4.7.0 too many connections, rate limited"])
def test_an_answer_that_is_not_about_the_recipient_makes_parity_unknown(reply: str) -> None:
    seen = snapshot_of(PAIR + _one(2, "good", reply))

    assert _statuses(seen)["MX802"] is Status.INCONCLUSIVE
    assert "mx2.example.test/192.0.2.2" in _reason(seen, "MX802")
    assert "MX801" not in _found(seen)


def test_a_policy_refusal_at_the_greeting_is_no_divergence_and_is_told_as_a_gap_of_filters() -> None:
    seen = snapshot_of(f'{HOSTS}192.0.2.1 "{LISTED}"\n{UP2}{_one(2, "good", "250 ok")}')

    assert _statuses(seen)["MX802"] is Status.INCONCLUSIVE
    assert "it refuses this probe" in _found(seen)["MX808"].says


def test_what_a_host_says_of_relaying_or_the_null_sender_is_no_refusal_of_the_probe() -> None:
    seen = snapshot_of(PAIR + _one(1, "foreign", "550 5.7.1 Access denied") + _one(1, "null", "550 5.7.1 denied"))

    assert _statuses(seen)["MX003"] is Status.PASSES
    assert _statuses(seen)["MX811"] is Status.PASSES
    assert "MX662" in _found(seen)


def test_a_host_that_does_not_serve_the_domain_is_one_finding() -> None:
    seen = snapshot_of(PAIR + _one(2, "good", RELAY) + _one(2, "postmaster", RELAY))

    assert "MX802" not in _found(seen)
    assert _found(seen)["MX801"].also == ("MX802 recipient-divergence",)


def test_a_domain_that_cannot_be_found_does_not_clear_a_relay() -> None:
    seen = snapshot_of(PAIR + _one(1, "foreign", "550 5.1.2 Domain not found"))

    assert _statuses(seen)["MX811"] is Status.INCONCLUSIVE
    assert "cannot find that domain" in _reason(seen, "MX811")


def test_a_relay_for_one_sender_alone_is_not_proven() -> None:
    seen = snapshot_of(HEALTHY)
    (first, second) = seen.visits
    turns = list(first.sessions[0].turns)
    last = max(number for number, turn in enumerate(turns) if turn.subject and turn.subject.endswith(".example"))
    turns[last] = replace(turns[last], reply=turns[3].reply)
    visit = replace(first, sessions=(replace(first.sessions[0], turns=tuple(turns)),))
    seen = replace(seen, visits=(visit, second))

    assert _statuses(seen)["MX811"] is Status.INCONCLUSIVE
    assert "in one way alone" in _reason(seen, "MX811")


def test_greylisting_that_was_not_asked_again_is_not_called_that() -> None:
    seen = snapshot_of(PAIR + _one(1, "good", GREY))

    assert _statuses(seen)["MX809"] is Status.INCONCLUSIVE
    assert "--patient" in _reason(seen, "MX809")
    assert _statuses(seen)["MX810"] is Status.INCONCLUSIVE


def test_a_deferring_backup_says_nothing_while_the_primary_is_down() -> None:
    defers = '192.0.2.2 "421 4.3.2 the primary server is up, go there"\n'

    assert "MX315" in _found(snapshot_of(HOSTS + UP1 + defers))
    assert _statuses(snapshot_of(f"{HOSTS}192.0.2.1 does not answer\n{defers}"))["MX315"] is Status.INCONCLUSIVE


def test_a_backup_that_is_documented_to_defer_needs_no_words() -> None:
    names = PAIR.replace("mx2.example.test", "cluster1a.eu.messagelabs.com")

    assert "MX315" in _found(snapshot_of(names + _one(2, "good", "421 Service Temporarily Unavailable")))
    assert "MX315" not in _found(snapshot_of(PAIR + _one(2, "good", "421 Service Temporarily Unavailable")))


@pytest.mark.parametrize("code", RECIPIENT_CODES)
def test_a_saved_probe_with_cut_names_is_judged_alike(code: str) -> None:
    said = _one(1, "good", GREY) + _one(1, "again good", "250 ok") + _one(2, "random", "250 ok")
    said += _one(2, "foreign", "250 ok") + _one(1, "null", "550 no") + _one(2, "postmaster", "550 no")
    seen = snapshot_of(PAIR + said)

    assert _statuses(masked(seen))[code] is _statuses(seen)[code]


def test_a_relay_that_hides_in_a_local_part_counts_only_at_a_host_that_knows_its_people() -> None:
    def hidden(known: bool) -> Answering:
        def answer(sender: str, recipient: str, times: int) -> str:
            local, _, domain = recipient.rpartition("@")
            if domain != "example.test":
                return "554 5.7.1 Relay access denied"
            return "250 ok" if not known or local == "alice" or "%" in local or "!" in local else "550 5.1.1 nobody"

        return answer

    wish = MatrixRequest(random=RANDOM, owned=True)
    knows_its_own = ask_matrix({ONE: hidden(True)}, wish).snapshot
    takes_anyone = ask_matrix({ONE: hidden(False)}, wish).snapshot

    assert _statuses(knows_its_own)["MX811"] is Status.FIRES
    assert _statuses(takes_anyone)["MX811"] is Status.PASSES
