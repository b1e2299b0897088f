"""Rules about providers: each fault, what comes near, what is only remembered, what a plan explains."""

from collections.abc import Iterator
from itertools import combinations, product

import pytest
from msgspec.structs import replace

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import MxRecord, RecordType
from mxprobe.facts.finding import Finding, Severity, Status
from mxprobe.facts.migration import ApprovedMx, Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import PROVIDERS, Grade, published, rests_on_memory
from mxprobe.mx.providers.patterns import samples_of
from mxprobe.rules import judge_snapshot
from tests.support.examples import snapshot_of

E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFO
FAMILY = ("MX30", "MX311", "MX52", "MX85", "MX9")
NOTES = {"MX900", "MX920"}
"""What is told of everybody whose provider is known."""

SPF = "example.test TXT v=spf1 +all\n"
OWN, OTHER = "mail.example.test", "relay.isp.example"
GOOGLE, ALT3 = "smtp.google.com", "alt3.aspmx.l.google.com"
M365, NEW365 = "example-test.mail.protection.outlook.com", "example-test.a-v1.mx.microsoft"
ZOHO = ((10, "mx.zoho.eu"), (20, "mx2.zoho.eu"), (50, "mx3.zoho.eu"))
FAST1, FAST2 = "in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com"
ROUTES = tuple((n, f"route{n}.mx.cloudflare.net") for n in (1, 2, 3))
IMPROV = ((10, "mx1.improvmx.com"), (20, "mx2.improvmx.com"))
MIMECAST = ((10, "eu-smtp-inbound-1.mimecast.com"), (10, "eu-smtp-inbound-2.mimecast.com"))
SPAM = ((10, "mx.spamexperts.com"), (20, "fallbackmx.spamexperts.eu"), (30, "lastmx.spamexperts.net"))
OLD = "mx00.kundenserver.de"
LEGACY = (
    (1, "aspmx.l.google.com"),
    (5, "alt1.aspmx.l.google.com"),
    (5, "alt2.aspmx.l.google.com"),
    (10, ALT3),
    (10, "alt4.aspmx.l.google.com"),
)
Pairs = tuple[tuple[int, str], ...]


def _seen(*pairs: tuple[int, str], more: str = "") -> Snapshot:
    """A look at these MX records, each host with two addresses."""
    lines = "".join(
        f"example.test MX {preference} {host}\n{host} A 192.0.2.{number}\n{host} A 198.51.100.{number}\n"
        for number, (preference, host) in enumerate(pairs, start=1)
    )
    return snapshot_of(f"{lines}{more}")


def _findings(seen: Snapshot, beside: Beside | None = None) -> list[Finding]:
    return [one for judged in judge_snapshot(seen, wanted=FAMILY, beside=beside) for one in judged.findings]


def _fired(seen: Snapshot, beside: Beside | None = None) -> dict[str, Severity]:
    return {one.code: one.severity for one in _findings(seen, beside) if one.code not in NOTES | {"MX850"}}


def _one(code: str, *pairs: tuple[int, str], more: str = "") -> Finding:
    (found,) = (one for one in _findings(_seen(*pairs, more=more)) if one.code == code)
    return found


@pytest.mark.parametrize(
    ("pairs", "fires"),
    [
        (((10, FAST1),), {"MX901": W}),
        (((10, FAST1), (20, OWN)), {"MX901": W}),
        (ZOHO[:2], {"MX901": W}),
        (LEGACY[:3], {"MX901": N}),
        (((10, "mx1.hc12.iphmx.com"),), {"MX901": N}),
        (ROUTES[:2], {"MX901": W}),
        (((20, FAST1), (10, FAST2)), {"MX902": N}),
        (((1, LEGACY[0][1]), (5, "aspmx2.googlemail.com")), {"MX903": N}),
        (((10, OLD),), {"MX903": N}),
        (((1, GOOGLE), (1, OWN)), {"MX904": E}),
        (((1, GOOGLE), (20, OWN)), {"MX904": W}),
        (((1, GOOGLE), (20, "tertiary-mx.co.uk")), {"MX904": W}),
        ((*ROUTES, (0, OWN)), {"MX904": E}),
        ((*ROUTES, *IMPROV), {"MX904": E}),
        ((*SPAM, (40, OTHER)), {"MX904": W}),
        (((0, NEW365), (10, OWN)), {"MX904": W}),
        ((*MIMECAST, (20, M365)), {"MX906": W}),
        ((*MIMECAST, (10, M365)), {"MX906": W}),
        ((*MIMECAST, (20, OLD)), {"MX906": N, "MX903": N}),
        ((*SPAM, (40, M365)), {"MX906": W}),
        (((0, NEW365), (20, M365)), {"MX907": N}),
        (((20, NEW365), (0, M365)), {"MX907": N}),
        (((10, "feedback-smtp.eu-west-1.amazonses.com"),), {"MX910": E}),
        ((*ZOHO, (60, "feedback-smtp.eu-west-1.amazonses.com")), {"MX910": W}),
        ((*IMPROV, (30, M365)), {"MX921": E}),
        (((10, M365), *((n + 20, host) for n, host in IMPROV)), {"MX921": E}),
        ((*ROUTES, (2, "mx.yandex.net")), {"MX921": E}),
        ((*IMPROV, (30, "mail.your-server.de")), {"MX904": W}),
        (((1, GOOGLE), (1, M365)), {"MX304": E}),
        (((1, GOOGLE), (20, M365)), {"MX305": W}),
        (((1, GOOGLE), (20, OLD)), {"MX904": W, "MX903": N}),
        ((*SPAM, (40, OLD)), {"MX904": W, "MX903": N}),
        (((10, "mx1.forwardemail.net"), (10, "mx2.forwardemail.net"), (30, OLD)), {"MX921": N, "MX903": N}),
        (((0, M365), (10, ALT3)), {"MX305": W}),
        (((0, M365), *LEGACY), {"MX305": W}),
        (((0, M365), (20, FAST2)), {"MX305": W}),
        (((10, "fb.mail.gandi.net"), (20, "spool.mail.gandi.net")), {"MX311": W}),
    ],
)
def test_each_fault_is_told_once(pairs: Pairs, fires: dict[str, Severity]) -> None:
    assert _fired(_seen(*pairs, more=SPF)) == fires


@pytest.mark.parametrize(
    "pairs",
    [
        ((1, GOOGLE),),
        LEGACY,
        ((0, M365),),
        ((0, NEW365),),
        ZOHO,
        ((10, FAST1), (20, FAST2)),
        ((1, FAST1), (9, FAST2)),
        ((7, ROUTES[0][1]), (99, ROUTES[1][1]), (3, "linda.mx.cloudflare.net")),
        IMPROV,
        MIMECAST,
        SPAM,
        (*MIMECAST, (20, OWN)),
        ((10, OWN), (20, OTHER)),
        ((10, OWN), (20, GOOGLE)),
        ((10, "cluster5.eu.messagelabs.com"), (20, "cluster5a.eu.messagelabs.com")),
        ((10, "mxa.mailgun.org"), (10, "mxb.mailgun.org")),
        ((0, M365), (20, "tertiary-mx.co.uk")),
        ((1, GOOGLE), (32767, "ms12345678.msv1.invalid")),
    ],
)
def test_what_a_provider_prescribes_is_no_fault(pairs: Pairs) -> None:
    fired = _fired(_seen(*pairs, more=SPF))

    assert {code for code in fired if code != "MX305"} == set()
    assert fired.get("MX305", N) is N


def test_records_that_lack_can_be_pasted_where_they_are_documented() -> None:
    assert _one("MX901", *ZOHO[:2]).paste == (
        "; all MX records of example.test, with this mended",
        *(f"example.test. 3600 IN MX {number} {host}." for number, host in ZOHO[:2]),
        "example.test. 3600 IN MX 50 mx3.zoho.eu.",
    )
    assert _one("MX901", (10, "aspmx.l.google.com"), (20, "mx.other.example")).paste[1:4] == (
        "example.test. 3600 IN MX 1 aspmx.l.google.com.",
        "example.test. 3600 IN MX 5 alt1.aspmx.l.google.com.",
        "example.test. 3600 IN MX 5 alt2.aspmx.l.google.com.",
    )
    assert _one("MX901", (10, MIMECAST[0][1])).paste == ()
    assert _one("MX901", *ROUTES[:2]).paste == ()
    assert _one("MX902", (20, FAST1), (10, FAST2), (90, "mx.other.example")).paste == (
        "; all MX records of example.test, with this mended",
        f"example.test. 3600 IN MX 10 {FAST1}.",
        f"example.test. 3600 IN MX 20 {FAST2}.",
        "example.test. 3600 IN MX 90 mx.other.example.",
    )
    assert _one("MX907", (0, NEW365), (20, M365)).paste == (
        "; all MX records of example.test, with this mended",
        f"example.test. 3600 IN MX 0 {NEW365}.",
    )


def test_what_a_former_provider_left_is_called_that() -> None:
    left, whole = _one("MX305", (0, M365), (10, ALT3)), _one("MX305", (0, M365), *LEGACY)

    assert "left over: 1 of 5 records of Google" in left.says
    assert "left over" not in whole.says
    assert whole.subject.count("aspmx") == 5


def test_notes_name_the_provider_and_the_forwarder_once() -> None:
    plain = {one.code for one in _findings(_seen((1, GOOGLE)))}
    forwarded = [one for one in _findings(_seen(*ROUTES)) if one.code in NOTES]

    assert plain & NOTES == {"MX900"}
    assert [(one.code, one.also) for one in forwarded] == [("MX920", ("MX900 provider-identified",))]
    assert "documented" in forwarded[0].seen[0]
    mixed = [one for one in _findings(_seen(*IMPROV, (30, M365))) if one.code in NOTES | {"MX921"}]
    assert [one.code for one in mixed] == ["MX921"]


def _plan(seen: Snapshot, *hosts: str, cut_over: float = 0.0) -> Beside:
    old, new = (tuple(ApprovedMx(preference=10, host=host) for host in some) for some in (hosts[:1], hosts[1:]))
    return Beside(plan=Migration(old=old, new=new, cut_over=seen.started_at + cut_over, old_ttl=3600))


@pytest.mark.parametrize(
    ("code", "pairs"),
    [
        ("MX904", ((1, GOOGLE), (20, OWN))),
        ("MX906", ((10, MIMECAST[0][1]), (20, M365))),
        ("MX907", ((0, NEW365), (20, M365))),
        ("MX921", ((10, M365), (20, "smtp-fwd.wordpress.com"))),
    ],
)
def test_a_migration_that_goes_on_explains_its_own_hosts_and_no_others(code: str, pairs: Pairs) -> None:
    seen = _seen(*pairs)
    hosts = [host for _, host in pairs]

    assert code in _fired(seen)
    assert code not in _fired(seen, _plan(seen, *hosts))
    assert code in _fired(seen, _plan(seen, *hosts, cut_over=-60 * 86400.0))
    assert code in _fired(seen, _plan(seen, "a.example.test", "b.example.test"))


def _remembered() -> list[str]:
    """A name for every pattern that is remembered alone."""
    patterns = [r.name for p in PROVIDERS for one in p.sets if one.names is Grade.REMEMBERED for r in one.records]
    patterns += [one.name for p in PROVIDERS for one in p.further if one.grade is Grade.REMEMBERED]
    names = [samples_of(pattern)[0] for pattern in patterns]
    return [name for name in names if rests_on_memory(name)]


@pytest.mark.parametrize("host", _remembered())
def test_what_is_remembered_alone_is_never_more_than_a_note(host: str) -> None:
    for other, mine, theirs in product((M365, MIMECAST[0][1], "mx1.forwardemail.net", OWN), (5, 10, 20), (10,)):
        alone = _fired(_seen((theirs, other), more=f"{SPF}"))
        fired = _fired(_seen((theirs, other), (mine, host), more=f"{SPF}example.test TXT v=spf1 mx -all\n"))
        worse = {code: severity for code, severity in fired.items() if severity.rank < N.rank}
        assert worse.keys() <= alone.keys() | {"MX855"}, (other, mine)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.id)
def test_no_set_that_is_whole_raises_more_than_a_note(provider: object) -> None:
    for one in provider.sets:  # type: ignore[attr-defined]
        names = [(record.preference or 10, samples_of(record.name)[0]) for record in one.records[: one.whole]]
        fired = _fired(_seen(*names, more=SPF))

        expected = {"MX910"} if provider.id == "amazon-ses-return" else set()  # type: ignore[attr-defined]
        assert {code for code, severity in fired.items() if severity is not N} == expected


def _asked(host: str, *answers: str, preference: int = 0) -> Snapshot:
    lines = f'192.0.2.1 "220 {host}" "250 {host}"\n'
    said = "".join(f"192.0.2.1 {answer}\n" for answer in answers)
    return snapshot_of(f"example.test MX {preference} {host}\n{host} A 192.0.2.1\n{lines}{said}")


ANOTHER = "contoso-com.mail.protection.outlook.com"
DENIED = 'good "550 5.4.1 Recipient address rejected: Access denied"'
RELAYING = "550 5.7.1 Relaying denied"


def _all_say(text: str) -> tuple[str, ...]:
    return tuple(f'{who} "{text}"' for who in ("good", "random", "postmaster"))


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (_asked(ANOTHER, DENIED), {"MX905"}),
        (_asked(ANOTHER, 'good "250 2.1.5 ok"'), set()),
        (_asked(M365, DENIED), set()),
        (_asked("exampletest0i.mail.protection.outlook.com", DENIED), set()),
        (_asked(M365, 'good "451 4.4.62 wrong region"'), {"MX909"}),
        (_asked("mx1.example.test", 'good "451 4.4.62 wrong region"'), set()),
        (_asked(M365, 'good "451 4.4.6 loop"'), set()),
        (_asked("inbound.postmarkapp.com", *_all_say(RELAYING)), {"MX525"}),
        (_asked("inbound.postmarkapp.com", *_all_say("550 5.1.1 no such user")), set()),
        (_asked("mx.sendgrid.net", *_all_say(RELAYING)), set()),
    ],
)
def test_what_hosts_say_of_recipients_tells_tenants_and_regions(seen: Snapshot, fires: set[str]) -> None:
    assert set(_fired(seen)) & {"MX905", "MX909", "MX525"} == fires


@pytest.mark.parametrize(("host", "code"), [(ANOTHER, "MX905"), (M365, "MX909"), ("inbound.postmarkapp.com", "MX525")])
def test_without_a_recipient_that_is_open(host: str, code: str) -> None:
    seen = snapshot_of(f'example.test MX 0 {host}\n{host} A 192.0.2.1\n192.0.2.1 "220 x" "250 x"\n')
    (judged,) = (one for one in judge_snapshot(seen) if one.code == code)

    assert judged.status is Status.INCONCLUSIVE
    assert "--to" in (judged.reason or "")


def test_a_filter_is_not_passed_where_the_mailboxes_refuse_this_probe() -> None:
    lines = '192.0.2.3 "220 x" "250 x"\n192.0.2.3 good "550 5.7.51 Access denied, blocked: not from the connector"\n'
    judged = judge_snapshot(_seen(*MIMECAST, (20, M365), more=lines))
    (one,) = (one for one in judged if one.code == "MX906")

    assert one.status is Status.INCONCLUSIVE
    assert "from the filter alone" in (one.reason or "")


def test_the_end_of_a_service_is_told_by_the_date_of_the_look() -> None:
    def told(day: str) -> str:
        host = "inbound-smtp.us-east-1.amazonaws.com"
        found = _findings(snapshot_of(f"looked {day}T08:00Z\nexample.test MX 10 {host}\n{host} A 192.0.2.1\n"))
        return next((one.says for one in found if one.code == "MX908"), "")

    assert told("2026-03-01") == ""
    assert "ends on 2027-03-31" in told("2026-11-01")
    assert "ends on 2027-03-31" in told("2027-03-31")
    assert "ended on 2027-03-31" in told("2027-04-01")
    assert told("2028-06-01") == ""


def test_a_return_path_of_a_sub_domain_is_as_it_should_be_until_somebody_has_mail_there() -> None:
    host = "feedback-smtp.eu-west-1.amazonses.com"
    zone = "bounce.example.test NS NODATA\nexample.test NS ns1.example.test\n"
    seen = snapshot_of(f"example.test MX 10 {host}\n{host} A 192.0.2.1\n{zone}")
    name = "bounce.example.test"
    moved = [
        replace(one, question=replace(one.question, name=name)) if one.question.rrtype is RecordType.MX else one
        for one in seen.answers
    ]
    below = replace(seen, domain=name, answers=tuple(moved))

    assert "MX910" in _fired(seen)
    assert "MX910" not in _fired(below)
    assert "MX910" in _fired(replace(below, recipients=(f"alice@{name}",)))


def test_the_note_about_the_provider_tells_what_comes_first_and_what_is_behind() -> None:
    assert _one("MX900", (0, M365)).says == "mail of example.test comes in at Microsoft 365"
    both = _one("MX900", (0, M365), (10, ALT3)).says
    assert both.endswith("at Microsoft 365; worse preferences lead to Google Workspace (five records)")
    assert _one("MX900", (10, OWN), *((n + 10, host) for n, host in ZOHO)).says == "worse preferences lead to Zoho Mail"
    assert "MX900" not in {one.code for one in _findings(_seen((10, OWN), (20, OTHER)))}
    assert _one("MX901", *ZOHO[:2]).also == ("MX900 provider-identified",)


def test_thousands_of_hosts_of_one_provider_are_compared_within_their_sets_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[int] = []

    def watched(group: list[published.Party], size: int) -> Iterator[tuple[published.Party, ...]]:
        compared.append(len(group))
        return combinations(group, size)

    monkeypatch.setattr(published, "combinations", watched)
    pairs = ((number, f"tenant{number}.mail.protection.outlook.com") for number in range(3000))
    parties = published.parties_of(MxRecord(preference=number, exchange=host, ttl=60) for number, host in pairs)

    assert published.turned_round(parties) == ()
    assert len(compared) == 3000
    assert max(compared) == 1
