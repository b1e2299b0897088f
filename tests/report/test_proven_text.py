"""Many proofs as text: a table of dates, what is too old, and what to type for an outage."""

from msgspec.structs import replace

from mxprobe.mx.proven import DomainProven, last_proven
from mxprobe.report.hold_text import render_hold
from mxprobe.report.proven_text import Allowed, render_proven, say_last_outage
from mxprobe.report.words import WIDTH
from tests.support.proofs import BEGAN, MX1, MX2, copy, handover, proof, route, taken

DAY = 86400.0
UP = (route(MX1, taken(MX1), copies=(copy(2),)), route(MX2, taken(MX2), copies=(copy(40),)))
OUTAGE = (route(MX2, taken(MX2), copies=(copy(900),), down=(MX1,)),)


def _domain() -> DomainProven:
    refused = proof(route(MX2, handover(MX2, 550, "5.7.1 no relay", "R4")), began_at=BEGAN + 10 * DAY)
    (domain,) = last_proven([replace(proof(*UP), began_at=BEGAN + 30 * DAY), refused, proof(*OUTAGE)])
    return domain


def test_each_host_has_the_last_day_of_each_grade() -> None:
    lines = render_proven((_domain(),), 2, None, BEGAN)

    assert lines == [
        "example.test: 3 proofs, the newest of 2026-12-18",
        " last proven       failed      primary up  in an outage of mx1.example.test",
        " mx1.example.test  never       2026-12-18  (is the primary)",
        " mx2.example.test  2026-11-28  2026-12-18  2026-11-18",
        "",
        "2 files passed over: no proofs.",
    ]


def test_what_is_too_old_is_named_with_its_age() -> None:
    now = BEGAN + 100 * DAY
    either = render_proven((_domain(),), 0, Allowed(within=90 * DAY, word="90d"), now)
    outage = render_proven((_domain(),), 0, Allowed(within=90 * DAY, word="90d", in_outage=True), now)

    assert not [line for line in either if line.startswith("PROVE AGAIN")]
    told = " ".join(" ".join(outage).split())
    assert told.count("PROVE AGAIN") == 1
    assert (
        "PROVE AGAIN mx2.example.test was last proven in an outage on 2026-11-18, 100 d ago; 90d is the most." in told
    )
    assert max(map(len, outage)) <= WIDTH


def test_never_is_a_date_too() -> None:
    (domain,) = last_proven([proof(UP[0])])

    lines = render_proven((domain,), 0, Allowed(within=DAY, word="1d"), BEGAN)
    assert "PROVE AGAIN  mx2.example.test was never proven." in lines
    assert say_last_outage(domain) == "Last proven in an outage: never."


def test_the_last_outage_is_told_by_host_where_there_are_several() -> None:
    three = ((10, MX1), (20, MX2), (30, "mx3.example.test"))
    (domain,) = last_proven([proof(*OUTAGE, chain=three)])
    (alone,) = last_proven([proof(UP[0], chain=((10, MX1),))])

    assert say_last_outage(_domain()) == "Last proven in an outage: 2026-11-18."
    assert say_last_outage(domain) == ("Last proven in an outage: mx2.example.test 2026-11-18, mx3.example.test never.")
    assert say_last_outage(alone) == ""


def test_what_to_type_names_the_addresses_of_the_host_and_how_to_undo_it() -> None:
    known = proof(UP[1], addresses=((MX1, ("192.0.2.1", "2001:db8::1")), (MX2, ("192.0.2.2",))))
    text = render_hold(known, (MX1,), 2525, "12h")

    assert "nft add rule inet mxprobe input ip daddr 192.0.2.1 tcp dport 2525 reject with tcp reset" in text
    assert "nft add rule inet mxprobe input ip6 daddr 2001:db8::1 tcp dport 2525 reject with tcp reset" in text
    assert "undo:  nft delete table inet mxprobe" in text
    assert "postfix stop" in text
    assert "undo:  postfix start" in text
    assert "    systemctl stop sendmail   undo:  systemctl start sendmail" in text.splitlines()
    assert "192.0.2.2" not in text
    assert "mxprobe touches no firewall. It waits up to 12h" in text
    assert "then writes to mx2.example.test," in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= WIDTH
