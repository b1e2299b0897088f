"""Expectations in Git: a domain that fits its file gives exit 0, each deviation is named with the line that it breaks,
and what is waived counts for nothing until its day."""

from functools import cache
from xml.etree import ElementTree as ET

import pytest
from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import Mode, Policy
from mxprobe.mx.providers import provider_of
from mxprobe.mx.whatif import forecast_snapshot
from mxprobe.report.json import LookDocument
from mxprobe.report.junit import render_looks_junit
from mxprobe.report.look_text import render_look
from mxprobe.report.verdict import conclude_look, findings_of
from mxprobe.rules import judge_snapshot
from mxprobe.scenario.load_approved import load_approved
from mxprobe.scenario.reaction import CertificateKind, TlsVersion
from tests.lab.test_judged import ALWAYS, NO_DANE, NO_POLICY, PLAIN
from tests.support.judged import FLAWLESS, MX1, MX2, NEXT_KEY, NS2, Domain, MailHost, look_at, tlsa_of

FILE = f"""\
domain: example.test
mx:
  - 10 mx1
  - 20 mx2
mx-ttl: 10m..1d
backups: [mx2]
operators: [example.test]
nameservers: [ns1, ns2]
addresses:
  mx1: [{MX1}]
  mx2: {MX2}
tls:
  minimum: 1.2
  verified: true
dane: required
mta-sts: enforce
tlsrpt: present
dnssec: signed
spf: fail
dmarc: reject
"""
MX3 = "198.97.190.53"


@cache
def _seen(name: str, recipients: tuple[str, ...]) -> Snapshot:
    return look_at(DEVIATIONS[name].now if name else FLAWLESS, recipients=recipients).snapshot


def _approved(text: str) -> Approved:
    return load_approved(text.encode(), "expect.yaml")


def _judged(text: str, name: str = "", recipients: tuple[str, ...] = ()) -> tuple[Judgement, ...]:
    return judge_snapshot(_seen(name, recipients), beside=Beside(approved=_approved(text)))


def _document(text: str, name: str = "", fail_on: Severity = Severity.ERROR) -> LookDocument:
    seen = _seen(name, ())
    return conclude_look(seen, _judged(text, name), forecast_snapshot(seen), fail_on)


def _found(judgements: tuple[Judgement, ...]) -> list[Finding]:
    return [one for one in findings_of(judgements) if one.severity is not Severity.OK and one.code not in ALWAYS]


def _line(start: str, text: str = FILE) -> int:
    """The line of the file that begins so."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start))


class Deviation(Struct, frozen=True, kw_only=True):
    """What is not as expected: the domain as it is, the finding, the line that it breaks (by its beginning)."""

    now: Domain
    code: str
    breaks: str
    beside: tuple[str, ...] = ()
    """Further findings that the same deviation raises by itself, of whatever rule."""


def _mx(*records: str, base: Domain = FLAWLESS) -> Domain:
    return base.without("example.test", "MX").plus("example.test", *records)


def _third(name: str) -> Domain:
    """A third MX host, of somebody else, that any sender would take for a good one."""
    there = FLAWLESS.beside(name, f"A {MX3}").beside(f"_25._tcp.{name}", f"TLSA {tlsa_of(name)}", NEXT_KEY)
    policy = Policy(mode=Mode.ENFORCE, mx=("mx1.example.test", "mx2.example.test", name), max_age=604800)
    there = replace(there, policy=policy, hosts={**FLAWLESS.hosts, MX3: MailHost(name=name)})
    return there.plus("example.test", f"MX 30 {name}.").named(MX3, f"PTR {name}.")


def _mode(mode: Mode) -> Domain:
    return replace(FLAWLESS, policy=Policy(mode=mode, mx=("mx1.example.test", "mx2.example.test"), max_age=604800))


OTHER_SERVER = FLAWLESS.without("example.test", "NS ns2").plus("example.test", "NS ns.elsewhere.test.")
SECOND = FLAWLESS.plus("mx2.example.test", f"A {MX3}").named(MX3, "PTR mx2.example.test.")

DEVIATIONS = {
    "foreign MX": Deviation(now=_third("mx.elsewhere.test"), code="MX521", breaks="mx:"),
    "missing MX": Deviation(now=_mx("MX 10 mx1.example.test."), code="MX531", breaks="- 20 mx2", beside=("MX302",)),
    "wrong preference": Deviation(
        now=_mx("MX 10 mx1.example.test.", "MX 30 mx2.example.test."), code="MX531", breaks="- 20 mx2"
    ),
    "backup promoted": Deviation(
        now=_mx("MX 10 mx1.example.test.", "MX 10 mx2.example.test."),
        code="MX532",
        breaks="backups:",
        beside=("MX531",),
    ),
    "name server replaced": Deviation(
        now=OTHER_SERVER.beside("ns.elsewhere.test", f"A {NS2}"), code="MX539", breaks="nameservers:"
    ),
    "address not listed": Deviation(
        now=replace(SECOND, hosts={**SECOND.hosts, MX3: MailHost(name="mx2.example.test")}),
        code="MX538",
        breaks="mx2:",
    ),
    "no STARTTLS": Deviation(now=PLAIN.host(MX2, kind=None), code="MX533", breaks="minimum:", beside=("MX534",)),
    "TLS too old": Deviation(
        now=PLAIN.host(MX2, alert=bytes.fromhex("15030300020246")),  # protocol_version (RFC 8446 §6)
        code="MX533",
        breaks="minimum:",
        beside=("MX534", "MX704"),
    ),
    "certificate not verified": Deviation(
        now=NO_DANE.host(MX2, kind=CertificateKind.SELF_SIGNED),
        code="MX533",
        breaks="verified:",
        beside=("MX534", "MX777"),
    ),
    "MTA-STS testing": Deviation(now=_mode(Mode.TESTING), code="MX534", breaks="mta-sts:"),
    "MTA-STS gone": Deviation(now=NO_POLICY, code="MX534", breaks="mta-sts:"),
    "DANE gone": Deviation(now=NO_DANE, code="MX534", breaks="dane:"),
    "TLS reporting gone": Deviation(
        now=FLAWLESS.at("_smtp._tls.example.test"), code="MX534", breaks="tlsrpt:", beside=("MX783",)
    ),
    "unsigned": Deviation(
        now=replace(FLAWLESS, unsigned=frozenset({"example.test"})),
        code="MX534",
        breaks="dnssec:",
        beside=("MX753",),
    ),
    "DMARC weakened": Deviation(
        now=FLAWLESS.at("_dmarc.example.test", 'TXT "v=DMARC1; p=quarantine"'), code="MX537", breaks="dmarc:"
    ),
    "SPF weakened": Deviation(
        now=FLAWLESS.without("example.test", "TXT").plus("example.test", 'TXT "v=spf1 mx ~all"'),
        code="MX537",
        breaks="spf:",
    ),
    "TTL lowered": Deviation(
        now=_mx("300 MX 10 mx1.example.test.", "300 MX 20 mx2.example.test."), code="MX531", breaks="mx-ttl:"
    ),
}


# -- what fits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fail_on", ["error", "warning"])
def test_a_domain_that_fits_gives_exit_0_and_nothing_above_a_note(fail_on: str) -> None:
    document = _document(FILE, fail_on=Severity(fail_on))

    assert (document.exit_status, document.reason) == (0, f"nothing at or above {fail_on}")
    assert _found(document.judgements) == []


def test_nothing_that_the_file_says_is_left_open_in_a_whole_look() -> None:
    judged = {one.code: one for one in _judged(FILE)}
    ours = [code for code in judged if code in ("MX521", *(f"MX53{number}" for number in range(1, 10)))]

    assert len(ours) == 10
    assert {code: judged[code].status for code in ours} == dict.fromkeys(ours, Status.PASSES)


def test_every_key_alone_fits_as_well() -> None:
    keys = [line for line in FILE.split("\n") if line and not line.startswith((" ", "domain", "mx:", "addr", "tls:"))]

    assert len(keys) == 10
    for key in keys:
        assert _found(_judged(f"domain: example.test\n{key}\n")) == [], key


def test_a_backup_that_takes_the_mail_of_whom_was_asked_for_fits() -> None:
    assert _found(_judged(FILE, recipients=("alice@example.test",))) == []


# -- what does not -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_is_named_with_the_line_that_it_breaks_and_fails(name: str) -> None:
    deviation = DEVIATIONS[name]
    document = _document(FILE, name)
    place = f"expect.yaml:{_line(deviation.breaks)}"
    named = [one for one in _found(document.judgements) if one.code == deviation.code and place in one.says]

    assert document.exit_status == 1, document.reason
    assert {one.severity for one in named} == {Severity.ERROR}
    assert all(any(place in line for line in one.seen) for one in named)
    assert f"({place})" in " ".join(render_look(document).split())


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_raises_no_finding_but_its_own(name: str) -> None:
    deviation = DEVIATIONS[name]
    codes = {one.code for one in _found(_judged(FILE, name))}
    assert codes == {deviation.code, *deviation.beside}, codes


@pytest.mark.parametrize("name", DEVIATIONS)
def test_without_that_key_a_deviation_is_no_finding_about_it(name: str) -> None:
    """The finding comes of the line, and of nothing else."""
    deviation = DEVIATIONS[name]
    number = _line(deviation.breaks) - 1
    line = FILE.split("\n")[number]
    if line.strip().startswith("-") or line == "mx:":
        text = FILE.replace("mx:\n  - 10 mx1\n  - 20 mx2\n", "").replace("operators: [example.test]\n", "")
    elif line.startswith("  mx2"):
        text = FILE.replace(f"{line}\n", "")
    else:
        text = FILE.replace(f"{line}\n", "") if not line.startswith("  ") else FILE.replace(f"{line}\n", "", 1)

    place = f"expect.yaml:{number + 1}"
    before = [one for one in _found(_judged(FILE, name)) if one.code == deviation.code and place in one.says]
    after = [(one.code, one.subject) for one in _found(_judged(text, name))]
    if deviation.breaks in ("minimum:",):  # a host without TLS is not verified either
        assert [(one.code, one.subject) for one in before] == [one for one in after if one[0] == deviation.code]
        return
    assert not {(one.code, one.subject) for one in before} & set(after)


def test_a_provider_that_is_not_there_and_one_that_nobody_named_are_told() -> None:
    assert provider_of("aspmx.l.google.com") == "Google"
    google = _mx("MX 1 aspmx.l.google.com.", base=PLAIN)
    google = replace(
        google.beside("aspmx.l.google.com", f"A {MX1}"),
        others={
            **google.others,
            "google.com": (
                "SOA ns1.example.test. hostmaster.example.test. 1 3600 900 1209600 300",
                "NS ns1.example.test.",
            ),
            "aspmx.l.google.com": (f"A {MX1}",),
        },
    ).host(MX1, name="aspmx.l.google.com")
    seen = look_at(google).snapshot

    def told(text: str) -> list[tuple[str, str]]:
        judgements = judge_snapshot(seen, beside=Beside(approved=_approved(f"domain: example.test\n{text}\n")))
        return [(one.code, one.says) for one in _found(judgements) if one.code in ("MX521", "MX531")]

    assert told("providers: [google]") == []
    assert told("providers: [Microsoft]") == [
        ("MX521", "nobody approved the MX host aspmx.l.google.com of example.test (expect.yaml:2)"),
        ("MX531", "the MX records of example.test are not as expected (expect.yaml:2)"),
    ]


@pytest.mark.parametrize(
    ("rcpt", "status", "told"),
    [
        ("550 5.1.1 no such user", Status.FIRES, 'mx2.example.test/199.9.14.201: alice@example.test: "550'),
        ("451 4.7.1 greylisted, try again", Status.INCONCLUSIVE, "mx2.example.test/199.9.14.201"),
    ],
)
def test_a_backup_that_refuses_is_none_and_one_that_says_later_is_left_open(
    rcpt: str, status: Status, told: str
) -> None:
    seen = look_at(FLAWLESS.host(MX2, rcpt=rcpt), recipients=("alice@example.test",)).snapshot
    judgements = judge_snapshot(seen, beside=Beside(approved=_approved(FILE)))
    (backup,) = (one for one in judgements if one.code == "MX532")

    assert backup.status is status
    evidence = [line for one in backup.findings for line in one.seen] or [backup.reason or ""]
    assert told in evidence[0]


def test_a_tls_1_2_host_is_below_a_floor_of_1_3_and_the_exception_of_one_host_is_heard() -> None:
    seen = look_at(FLAWLESS.host(MX2, version=TlsVersion.TLS_1_2)).snapshot

    def told(tls: str) -> list[Finding]:
        approved = _approved(f"domain: example.test\ntls:\n{tls}")
        return [
            one for one in findings_of(judge_snapshot(seen, beside=Beside(approved=approved))) if one.code == "MX533"
        ]

    (found,) = told("  minimum: 1.3\n")
    assert found.subject == "mx2.example.test"
    assert found.seen == (
        "mx2.example.test/199.9.14.201: the handshake ends in TLSv1.2 (expect.yaml:3 expects TLS 1.3)",
    )
    assert told("  minimum: 1.3\n  hosts: {mx2: {minimum: 1.2}}\n") == []
    (own,) = told("  hosts:\n    mx2: {minimum: 1.3}\n")
    assert "expect.yaml:4 expects TLS 1.3" in own.seen[0]


def test_what_dane_proves_is_verified() -> None:
    kind = CertificateKind.SELF_SIGNED
    proven = FLAWLESS.host(MX2, kind=kind)
    proven = proven.at("_25._tcp.mx2.example.test", f"TLSA {tlsa_of('mx2.example.test', kind)}", NEXT_KEY)
    approved = _approved("domain: example.test\ntls: {verified: true}\n")
    judged = {one.code: one for one in judge_snapshot(look_at(proven).snapshot, beside=Beside(approved=approved))}

    assert judged["MX533"].status is Status.PASSES


def test_what_could_not_be_seen_is_neither_fitting_nor_a_deviation() -> None:
    blind = replace(FLAWLESS, failing=frozenset({
        *("example.test MX", "example.test NS", "mx1.example.test A", "example.test TXT"),
        *("_mta-sts.example.test TXT", "_smtp._tls.example.test TXT", "_dmarc.example.test TXT", "_dmarc.test TXT"),
    }))  # fmt: skip
    judged = {one.code: one for one in judge_snapshot(look_at(blind).snapshot, beside=Beside(approved=_approved(FILE)))}

    for code in ("MX521", "MX531", "MX532", "MX533", "MX534", "MX537", "MX538", "MX539"):
        assert (judged[code].status, judged[code].findings) == (Status.INCONCLUSIVE, ()), code
        assert judged[code].reason, code


# -- what is waived ----------------------------------------------------------------------------------------------------

WAIVER = """\
waive:
  - rule: {rule}
    because: the provider mends it in spring (OPS-412)
    until: {until}
"""
LAST_DAY, DAY_BEFORE = "2026-01-01", "2025-12-31"
"""The look is made on the first of these."""


@pytest.mark.parametrize("name", DEVIATIONS)
def test_what_is_waived_fails_nobody_until_its_last_day_is_over(name: str) -> None:
    deviation = DEVIATIONS[name]
    codes = (deviation.code, *deviation.beside)
    entries = "".join(WAIVER.format(rule=code, until="{until}").partition("\n")[2] for code in codes)
    in_force, ended = (f"{FILE}waive:\n{entries.format(until=until)}" for until in (LAST_DAY, DAY_BEFORE))

    calm, loud = _document(in_force, name, Severity.WARNING), _document(ended, name)
    raised = _found(calm.judgements)
    bad = [one for one in raised if one.severity is not Severity.INFO]
    assert (calm.exit_status, calm.reason) == (0, f"nothing at or above warning but {len(bad)} waived")
    assert {one.code for one in raised if one.waived is not None} == set(codes)
    assert loud.exit_status == 1
    assert all(one.waived is None for one in _found(loud.judgements))
    gone = [one for one in _found(loud.judgements) if one.code == "MX535"]
    lines = [number for number, line in enumerate(ended.splitlines(), 1) if line.startswith("  - rule")]
    assert [one.subject for one in gone] == [f"expect.yaml:{line}" for line in lines]


def test_a_waived_finding_stays_visible_and_is_counted_apart() -> None:
    document = _document(f"{FILE}{WAIVER.format(rule='MX531', until='2026-03-31')}", "missing MX")
    lines = render_look(document).split("\n")
    assert any(line.startswith("FINDINGS   1 warning, 1 info, 2 oks, 1 waived; ") for line in lines), lines
    assert " waived  MX531  the MX records of example.test are not as expected (expect.yaml:4)" in lines
    assert "         waived error until 2026-03-31: the provider mends it in spring (OPS-412) (expect.yaml:22)" in lines
    assert lines[0] == "example.test: all mail comes in at one machine, mx1.example.test; 1 of 1 MX host answers."
    assert " ".join(lines[-2:]).endswith("Exit 0: nothing at or above error but 1 waived.")


def test_for_a_ci_page_what_is_waived_passes_and_what_has_ended_fails() -> None:
    for until, failures in ((LAST_DAY, "0"), (DAY_BEFORE, "2")):
        text = f"{FILE}{WAIVER.format(rule='MX537', until=until)}"
        suite = ET.fromstring(render_looks_junit((_document(text, "DMARC weakened"),)))  # noqa: S314

        assert suite.get("failures") == failures


def test_the_first_sentence_says_that_all_there_is_is_waived() -> None:
    waived = f"{FILE}{WAIVER.format(rule='MX537', until=LAST_DAY)}"

    assert render_look(_document(waived, "DMARC weakened")).startswith(
        "example.test: 2 of 2 MX hosts answer; the only fault is waived."
    )


def test_a_waiver_of_one_host_is_not_one_of_another() -> None:
    def waived(host: str) -> list[bool]:
        entry = f"  - {{rule: MX533, host: {host}, because: it is old, until: 2026-02-01}}\n"
        judgements = _judged(f"{FILE}waive:\n{entry}", "no STARTTLS")
        return [one.waived is not None for one in _found(judgements) if one.code == "MX533"]

    assert waived("mx2") == [True]
    assert waived("[mx1, mx2.example.test]") == [True]
    assert waived("mx1") == [False]


def test_a_waiver_that_nothing_needs_is_a_note_unless_its_rule_was_not_judged() -> None:
    text = f"{FILE}{WAIVER.format(rule='MX302', until=LAST_DAY)}"
    (found,) = _found(_judged(text))

    assert (found.code, found.severity, found.subject) == ("MX536", Severity.INFO, "expect.yaml:22")
    assert found.says == "MX302 finds nothing that would have to be waived (expect.yaml:22)"
    for rule, reason in (("MX520", "could not be judged"), ("MX802", "could not be judged")):
        judged = {one.code: one for one in _judged(f"{FILE}{WAIVER.format(rule=rule, until=LAST_DAY)}")}
        if judged[rule].status is Status.INCONCLUSIVE:
            assert (judged["MX536"].status, judged["MX536"].findings) == (Status.INCONCLUSIVE, ())
            assert reason in (judged["MX536"].reason or "")
    unasked = judge_snapshot(_seen("", ()), unwanted=("MX3",), beside=Beside(approved=_approved(text)))
    assert [one.reason for one in unasked if one.code == "MX536"] == [
        "whether the waiver of MX302 (expect.yaml:22) is needed: its rule was not asked"
    ]


def test_a_waiver_that_has_ended_fails_though_nothing_needs_it() -> None:
    document = _document(f"{FILE}{WAIVER.format(rule='MX302', until=DAY_BEFORE)}")
    (found,) = _found(document.judgements)

    assert document.exit_status == 1
    assert (found.code, found.severity) == ("MX535", Severity.ERROR)
    assert found.says == "the waiver of MX302 ended on 2025-12-31 (expect.yaml:22)"
