"""Every rule about changes, approval and migrations against the lab: a flawless domain beside an earlier look, or
beside what is approved, raises the one finding and no other, and what comes near raises nothing."""

from functools import cache

import pytest
from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import RecordType
from mxprobe.facts.finding import Judgement, Severity, Status
from mxprobe.facts.migration import ApprovedMx, Migration, NewAddresses
from mxprobe.facts.snapshot import Snapshot
from mxprobe.lab.memory import SynAnswer
from mxprobe.mx.mtasts import Mode, Policy
from mxprobe.mx.remembered import remember
from mxprobe.rules import judge_snapshot
from mxprobe.rules.domain import RULES
from mxprobe.scenario.reaction import CertificateKind
from tests.lab.test_judged import ALWAYS, CASES, DAY, ELSEWHERE, NEED_A_RECIPIENT, NO_DANE
from tests.lab.test_judged_dnssec import CASES as DNSSEC_CASES
from tests.support.judged import DOMAIN, EPOCH, FLAWLESS, MX1, MX2, NS2, SOA, Domain, MailHost, look_at

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
MX3 = "198.97.190.53"
ONE, TWO, THREE = (ApprovedMx(preference=10 * n, host=f"mx{n}.example.test") for n in (1, 2, 3))
DELEGATED = FLAWLESS.without("example.test", "NS ns2").plus("example.test", "NS ns3.example.test.")


class Case(Struct, frozen=True, kw_only=True):
    """What is looked at beside what; `before` the domain as it was a day (or `earlier` seconds) earlier, `history` as
    looks that were kept saw it, each with its days before."""

    now: Domain = FLAWLESS
    before: Domain | None = None
    approved: Approved | None = None
    earlier: float = DAY
    history: tuple[tuple[float, Domain], ...] = ()


def _approved(**what: object) -> Approved:
    return Approved(path="expected.yaml", domain=DOMAIN, **what)  # type: ignore[arg-type]


def _plan(old: tuple[ApprovedMx, ...], new: tuple[ApprovedMx, ...], days: float, **more: object) -> Approved:
    """A migration so many days after the look."""
    plan = Migration(old=old, new=new, cut_over=EPOCH + days * DAY, old_ttl=7200, ttl_lowered=EPOCH - 30 * DAY)
    return _approved(migration=replace(plan, **more))


def _with_ttl(seconds: int) -> Domain:
    """The flawless domain whose MX records have another TTL."""
    records = (f"{seconds} MX {n}0 mx{n}.example.test." for n in (1, 2))
    return FLAWLESS.without("example.test", "MX").plus("example.test", *records)


LOW = _with_ttl(300)
"""Before a change: the MX records have a low TTL."""


def _third(**manners: object) -> Domain:
    """That domain with a host that no MX record names."""
    there = LOW.plus("mx3.example.test", f"A {MX3}")
    policy = Policy(mode=Mode.ENFORCE, mx=("*.example.test",), max_age=604800)
    hosts = {**there.hosts, MX3: MailHost(name="mx3.example.test", **manners)}  # type: ignore[arg-type]
    return replace(there, hosts=hosts, policy=policy)


@cache
def _seen(number: int) -> tuple[Snapshot, Beside]:
    """The look of a case, and what stands beside it."""
    case = _CASES[number]
    beside = Beside(approved=case.approved, history=_kept(case))
    further = beside.further
    if case.before is not None:
        then = replace(case.before, epoch=EPOCH - case.earlier)
        beside = replace(beside, before=look_at(then, further=further).snapshot)
    return look_at(case.now, further=further, recipients=("alice@example.test",) if further else ()).snapshot, beside


def _kept(case: Case) -> tuple[Snapshot, ...]:
    looks: tuple[Snapshot, ...] = ()
    for days, domain in case.history:
        looks = remember(looks, look_at(replace(domain, epoch=EPOCH - days * DAY)).snapshot)
    return looks


def _judged(case: Case) -> tuple[Judgement, ...]:
    snapshot, beside = _seen(_CASES.index(case))
    return judge_snapshot(snapshot, beside=beside)


def _found(case: Case) -> dict[str, Severity]:
    findings = [one for judgement in _judged(case) for one in judgement.findings]
    return {one.code: one.severity for one in findings if one.severity is not Severity.OK and one.code not in ALWAYS}


REFUSING = {"syn": SynAnswer.REFUSE}
OTHER = NO_DANE.at("mx2.example.test", f"A {MX3}", 'TXT "v=spf1 a -all"').named(MX3, "PTR mx2.example.test.")
MOVED = replace(
    OTHER,
    hosts={**OTHER.hosts, MX3: MailHost(name="mx2.example.test", kind=CertificateKind.SELF_SIGNED)},
)
RENEWED = replace(NO_DANE, hosts={**NO_DANE.hosts, MX2: MailHost(name="mx2.example.test", kind=MOVED.hosts[MX3].kind)})
SWAPPED = FLAWLESS.without("example.test", "MX").plus(
    "example.test", "MX 10 mx2.example.test.", "MX 20 mx1.example.test."
)
TESTING = replace(FLAWLESS, policy=Policy(mode=Mode.TESTING, mx=("*.example.test",), max_age=86400))


BRIEF = FLAWLESS.without("example.test", "MX").plus(
    "example.test", "30 MX 10 mx1.example.test.", "30 MX 20 mx2.example.test."
)
FORGED = FLAWLESS.without("example.test", "MX").plus("example.test", "MX 5 mx9.elsewhere.test.")
FORGED = FORGED.beside("mx9.elsewhere.test", f"A {MX3}")


def _of_second(soa: str, *mx: str) -> Domain:
    """The flawless domain of which the second server has another copy."""
    records = FLAWLESS.without("example.test", "MX").without("example.test", "SOA").records["example.test"]
    return replace(FLAWLESS, of_server={NS2: {"example.test": (soa, *mx, *records)}})


OTHER_SOA = "SOA ns9.example.net. hostmaster.example.net. 7 3600 900 1209600 300"
OLD_SOA = SOA.replace("2026010101", "2025120101")
BOTH = ("MX 10 mx1.example.test.", "MX 20 mx2.example.test.")
SHORT = LOW.without("mx1.example.test", "A").plus("mx1.example.test", f"300 A {MX1}")
RENUMBERED = (NewAddresses(host="mx1.example.test", addresses=(MX3,)),)


ABSENT = _third().at("mx3.example.test")
STALE = Case(now=_of_second(OLD_SOA, BOTH[0]), before=_of_second(OLD_SOA, BOTH[0]))
FETCHED = Case(now=_of_second(OLD_SOA, *BOTH), before=_of_second(OLD_SOA, BOTH[0]))


def _absent_for(seconds: int, domain: Domain) -> Domain:
    """The domain whose zone lets resolvers keep absence for so long."""
    soa = f"{seconds} {SOA.rpartition(' ')[0]} {seconds}"
    return domain.without("example.test", "SOA").plus("example.test", soa)


PAIRS: dict[str, tuple[Severity, Case, Case]] = {
    "MX402": (
        INFO,
        Case(now=BRIEF, history=((8, BRIEF), (4, BRIEF))),
        Case(now=BRIEF, history=((8, FLAWLESS), (4, BRIEF))),
    ),
    "MX403": (
        WARNING,
        Case(now=LOW, approved=_plan((ONE, TWO), (ONE, TWO), 2, addresses=RENUMBERED)),
        Case(now=SHORT, approved=_plan((ONE, TWO), (ONE, TWO), 2, addresses=RENUMBERED)),
    ),
    "MX404": (
        INFO,
        Case(now=_third(), before=_absent_for(86400, ABSENT), approved=_plan((ONE, TWO), (THREE,), 2), earlier=7200.0),
        Case(now=_third(), before=_absent_for(10800, ABSENT), approved=_plan((ONE, TWO), (THREE,), 2), earlier=7200.0),
    ),
    "MX412": (ERROR, Case(now=_of_second(OTHER_SOA, BOTH[0])), Case(now=_of_second(OTHER_SOA, *BOTH))),
    "MX406": (
        WARNING,
        Case(approved=_plan((TWO,), (ONE,), -20)),
        Case(approved=_plan((TWO,), (ONE,), -20, keep_old_until=EPOCH + DAY)),
    ),
    "MX407": (
        ERROR,
        Case(now=_third(**REFUSING), approved=_plan((THREE,), (ONE, TWO), -0.05)),
        Case(now=_third(rcpt="450 4.3.0 moved"), approved=_plan((THREE,), (ONE, TWO), -0.05)),
    ),
    "MX408": (
        ERROR,
        Case(now=_third(rcpt="550 5.7.1 Relay access denied"), approved=_plan((ONE, TWO), (THREE,), 2)),
        Case(now=_third(), approved=_plan((ONE, TWO), (THREE,), 2)),
    ),
    "MX409": (
        WARNING,
        Case(approved=_plan((ONE, TWO), (ONE,), 0.02)),
        Case(now=LOW, approved=_plan((ONE, TWO), (ONE,), 0.05)),
    ),
    "MX410": (
        INFO,
        Case(now=LOW, approved=_plan((THREE,), (ONE, TWO), -20)),
        Case(approved=_plan((THREE,), (ONE, TWO), -20)),
    ),
    "MX411": (
        ERROR,
        Case(now=replace(_third(), policy=FLAWLESS.policy), approved=_plan((ONE, TWO), (THREE,), 2)),
        Case(now=replace(_third(), policy=FLAWLESS.policy), approved=_plan((ONE, TWO), (THREE,), 20)),
    ),
    "MX520": (WARNING, Case(before=SWAPPED), Case(before=FLAWLESS)),
    "MX521": (
        ERROR,
        Case(before=FLAWLESS, approved=_approved(mx=(ONE,))),
        Case(before=FLAWLESS, approved=_approved(operators=("example.test",))),
    ),
    "MX527": (
        ERROR,
        Case(history=((0.125, FLAWLESS), (0.1, FORGED))),
        Case(history=((3, FLAWLESS), (2, FORGED), (0.5, FORGED))),
    ),
    "MX529": (ERROR, Case(now=NO_DANE, before=MOVED), Case(now=NO_DANE, before=RENEWED)),
    "MX780": (
        ERROR,
        Case(before=TESTING),
        Case(before=TESTING.at("_mta-sts.example.test", 'TXT "v=STSv1; id=20251231"')),
    ),
}
DELEGATION = Case(before=DELEGATED)
SOON = _plan((ONE, TWO), (ONE,), 2)
LATE_POLICY = _plan((ONE, TWO), (THREE,), 2, sts_published=EPOCH + 1.5 * DAY)
GRADES: dict[str, tuple[dict[str, Severity], Case]] = {
    "an hour, two days before": ({"MX401": INFO}, Case(approved=SOON)),
    "two hours, two days before": ({"MX401": WARNING}, Case(now=_with_ttl(7200), approved=SOON)),
    "two hours, eight days before": ({}, Case(now=_with_ttl(7200), approved=_plan((ONE, TWO), (ONE,), 8))),
    "five minutes, two days before": ({}, Case(now=LOW, approved=SOON)),
    "a policy half a day before": ({"MX411": WARNING}, Case(now=_third(), approved=LATE_POLICY)),
    "a policy two days before": (
        {},
        Case(now=_third(), approved=_plan((ONE, TWO), (THREE,), 2, sts_published=EPOCH)),
    ),
}
"""Plans that make more or less of a rule."""

_CASES = [case for _, *pair in PAIRS.values() for case in pair] + [DELEGATION, STALE, FETCHED]
_CASES += [case for _, case in GRADES.values()]


@pytest.mark.parametrize("code", PAIRS)
def test_what_changed_or_was_not_approved_raises_its_finding_and_no_other(code: str) -> None:
    severity, fault, _ = PAIRS[code]

    assert _found(fault) == {code: severity}


@pytest.mark.parametrize("code", PAIRS)
def test_what_comes_near_raises_nothing(code: str) -> None:
    _, _, near = PAIRS[code]

    assert _found(near) == {}


@pytest.mark.parametrize("case", GRADES)
def test_a_plan_makes_more_or_less_of_a_rule(case: str) -> None:
    expected, beside = GRADES[case]

    assert _found(beside) == expected


def test_a_server_that_stays_behind_is_told_until_it_has_the_same_records() -> None:
    stale, fetched = _found(STALE), _found(FETCHED)

    assert stale["MX413"] is WARNING
    assert set(stale) <= {"MX413", "MX520"}  # its records are not those that the resolver gave, then or now
    assert "MX413" not in fetched
    assert "MX117" not in stale


def test_another_delegation_is_told_where_somebody_asked_for_it() -> None:
    snapshot, _ = _seen(_CASES.index(DELEGATION))
    asked = any(answer.question.rrtype is RecordType.NS for answer in snapshot.answers)
    (judgement,) = (one for one in _judged(DELEGATION) if one.code == "MX526")

    assert judgement.status is (Status.FIRES if asked else Status.INCONCLUSIVE)
    assert asked or "nobody asked for the NS records" in (judgement.reason or "")


def test_every_rule_that_needs_no_recipient_and_no_message_has_a_case() -> None:
    rules = {module.RULE.code for module in RULES if not module.RULE.code.startswith(NEED_A_RECIPIENT)}

    signed = {code for case in DNSSEC_CASES.values() for code in case.raises}

    assert rules == {case.code for case in CASES} | set(PAIRS) | signed | set(ELSEWHERE)
