"""The table of providers: every row is recognised by its own names, and nothing that only looks like them is."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import MxRecord
from mxprobe.mx.providers import (
    PROVIDERS,
    Grade,
    Provider,
    Role,
    consumer_operator,
    defers_on_purpose,
    has_order,
    inbound_operator,
    is_named_fallback,
    provider_of,
    recognise,
    sending_provider,
)
from mxprobe.mx.providers.patterns import fill, forms_of, samples_of, shown
from mxprobe.mx.providers.published import Lack, lack_of, parties_of, turned_round

ROWS = 65
"""So many rows has the table that was transcribed."""

NAMELESS = {"bluehost", "dnsexit"}
"""Rows whose MX names are the customer's own."""


def _patterns(provider: Provider) -> list[str]:
    names = [record.name for one in provider.sets for record in one.records]
    return names + [one.name for one in provider.further]


SAMPLES = [(one.id, sample) for one in PROVIDERS for pattern in _patterns(one) for sample in samples_of(pattern)]


def test_the_table_has_every_row_once() -> None:
    assert len(PROVIDERS) == len({one.id for one in PROVIDERS}) == ROWS
    assert {one.id for one in PROVIDERS if not _patterns(one)} == NAMELESS
    assert {one.id for one in PROVIDERS if one.nameless} == NAMELESS
    assert len({id(one) for provider in PROVIDERS for one in provider.sets}) == sum(len(p.sets) for p in PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.id)
def test_every_provider_is_recognised_by_a_sample_of_each_of_its_names(provider: Provider) -> None:
    samples = [sample for whose, sample in SAMPLES if whose == provider.id]

    assert bool(samples) != bool(provider.nameless)
    for sample in samples:
        for written in (sample, sample.upper(), f"{sample}."):
            known = recognise(written)
            assert known is not None, written
            assert provider in (known.provider, *known.also), written


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.id)
def test_every_row_says_what_it_rests_on_and_when_it_was_looked_at(provider: Provider) -> None:
    assert date.fromisoformat(f"{provider.verified}-01") >= date(2026, 9, 1)
    assert provider.roles
    for one in provider.sets:
        has_numbers = any(record.preference is not None for record in one.records)
        assert (one.preferences is not None) == has_numbers
        assert 1 <= one.whole <= len(one.records)
    assert provider.ends is None or date.fromisoformat(provider.ends.day) > date(2000, 1, 1)


@pytest.mark.parametrize(
    "host",
    [
        "mail.protection.outlook.com.example.net",
        "example-com.mail.protection.outlook.com.example.net",
        "mail.protection.outlook.com",
        "aspmx.l.google.com.evil.test",
        "xaspmx.l.google.com",
        "aspmx.l.google.co",
        "smtp.google.com.au",
        "google.com",
        "mx.google.com",
        "l.google.com",
        "alt5.aspmx.l.google.com",
        "aspmx6.googlemail.com",
        "a.b.mail.protection.outlook.com",
        "example-com.mail.protection.0utlook.com",
        "mx3.zoho.com.cn",
        "mx.zoho.example",
        "mx1.one.com.test",
        "",
        ".",
        "com",
        "..",
        "mx0a-.pphosted.com",
        "-",
    ],
)
def test_a_name_that_only_looks_like_a_providers_is_nobodys(host: str) -> None:
    assert recognise(host) is None
    assert provider_of(host) is None


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@given(sample=st.sampled_from(SAMPLES), behind=LABELS)
def test_a_label_behind_a_name_makes_it_somebody_elses(sample: tuple[str, str], behind: str) -> None:
    known = recognise(f"{sample[1]}.{behind}")

    assert known is None


def test_mail_dot_anything_is_not_taken_for_a_row_of_the_customers_own_names() -> None:
    assert recognise("mail.example.test") is None


@given(
    form=st.sampled_from(
        [(one.id, form) for one in PROVIDERS for name in _patterns(one) for form in forms_of(name) if form.tail]
    ),
    before=st.sampled_from("abcxyz019"),
)
def test_a_character_before_the_first_fixed_label_makes_another_name(form: tuple[str, object], before: str) -> None:
    text, tail = form[1].text, form[1].tail  # type: ignore[attr-defined]
    (sample,) = samples_of(text)
    name = f"{sample.removesuffix(tail)}{before}{tail}"
    known = recognise(name)

    assert known is None or known.provider.id != form[0]
    assert known is None


@given(st.text(max_size=300))
def test_no_text_is_too_much_for_it(text: str) -> None:
    known = recognise(text)

    assert known is None or provider_of(text) == known.provider.operator


def test_millions_of_names_are_no_burden() -> None:
    names = [f"mx{n}.host{n}.example.org" for n in range(5000)]
    names += [f"tenant-{n}.mail.protection.outlook.com" for n in range(5000)]
    recognise(names[0])
    began = time.process_time()
    found = sum(recognise(name) is not None for name in names)

    assert found == 5000
    assert time.process_time() - began < 0.5  # some 30 ms on an ordinary machine
    hostile = "a." * 5000 + "mail.protection.outlook.com"
    began = time.process_time()
    assert recognise(hostile) is None
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("host", "operator", "role", "grade"),
    [
        ("smtp.google.com", "Google", Role.MAILBOX, Grade.OBSERVED),
        ("aspmx.l.google.com", "Google", Role.MAILBOX, Grade.DOCUMENTED),
        ("example-test.v-v1.mx.microsoft", "Microsoft", Role.MAILBOX, Grade.DOCUMENTED),
        ("mx00.kundenserver.de", "IONOS", Role.MAILBOX, Grade.REMEMBERED),
        ("mx2.hc1234-56.iphmx.com", "Cisco", Role.GATEWAY, Grade.OBSERVED),
        ("mta6.am0.yahoodns.net", "Yahoo", Role.MAILBOX, Grade.REMEMBERED),
        ("inbound-smtp.eu-west-1.amazonaws.com", "Amazon", Role.API, Grade.DOCUMENTED),
        ("eforward3.registrar-servers.com", "Namecheap", Role.FORWARDER, Grade.DOCUMENTED),
        ("mx1.privateemail.com", "Namecheap", Role.MAILBOX, Grade.DOCUMENTED),
        ("tertiary-mx.co.uk", "Andrews & Arnold", Role.BACKUP, Grade.DOCUMENTED),
        ("feedback-smtp.us-east-1.amazonses.com", "Amazon", Role.BOUNCE, Grade.DOCUMENTED),
    ],
)
def test_a_host_has_the_role_and_the_grade_of_its_row(host: str, operator: str, role: Role, grade: Grade) -> None:
    known = recognise(host)

    assert known is not None
    assert (known.provider.operator, known.provider.role, known.grade) == (operator, role, grade)


def _lack(*pairs: tuple[int, str]) -> Lack | None:
    parties = parties_of(MxRecord(preference=preference, exchange=host, ttl=300) for preference, host in pairs)
    known = parties[0].known
    assert known is not None
    return lack_of(known.provider, parties)


@pytest.mark.parametrize(
    ("there", "lacking"),
    [
        ([(10, "mx.zoho.eu"), (20, "mx2.zoho.eu")], [(50, "mx3.zoho.eu")]),
        ([(10, "mx.zoho.com.cn"), (20, "mx2.zoho.com.cn")], []),
        ([(10, "mx1-us1.ppe-hosted.com")], [(20, "mx2-us1.ppe-hosted.com")]),
        ([(10, "d77b.ess.barracudanetworks.com")], [(10, "d77a.ess.barracudanetworks.com")]),
        ([(10, "de-smtp-inbound-2.mimecast.com")], [(10, "de-smtp-inbound-1.mimecast.com")]),
        ([(1, "smtp.google.com"), (5, "aspmx.l.google.com")], []),
        ([(13, "route1.mx.cloudflare.net"), (24, "linda.mx.cloudflare.net"), (86, "route3.mx.cloudflare.net")], []),
        ([(0, "example-test.mail.protection.outlook.com")], []),
        ([(10, "shadow.mxrouting.net")], [(20, "shadow-relay.mxrouting.net")]),
        ([(20, "shadow-relay.mxrouting.net")], [(10, "shadow.mxrouting.net")]),
        ([(10, "mx.zoho.com"), (20, "mx2.zoho.eu")], [(20, "mx2.zoho.com"), (50, "mx3.zoho.com")]),
    ],
)
def test_what_lacks_of_a_set_is_told_by_whole_names(
    there: list[tuple[int, str]], lacking: list[tuple[int, str]]
) -> None:
    lack = _lack(*there)

    assert [(one.preference, one.name) for one in lack.missing] if lack else lacking == []
    assert (lack is None) == (not lacking)


def test_the_order_of_a_set_is_compared_and_not_its_numbers() -> None:
    def turned(*pairs: tuple[int, str]) -> int:
        return len(turned_round(parties_of(MxRecord(preference=p, exchange=h, ttl=1) for p, h in pairs)))

    first, second = "in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com"
    assert turned((20, first), (10, second)) == 1
    assert turned((1, first), (7, second)) == turned((5, first), (5, second)) == 0
    assert turned((20, "route1.mx.cloudflare.net"), (10, "route2.mx.cloudflare.net")) == 0
    assert turned((20, "mx.zoho.com"), (10, "mx2.zoho.eu")) == 0


def test_what_the_table_says_of_single_hosts() -> None:
    assert is_named_fallback("fb.mail.gandi.net", "example.test")
    assert is_named_fallback("cluster5a.eu.messagelabs.com", "example.test")
    assert not is_named_fallback("cluster5.eu.messagelabs.com", "example.test")
    assert is_named_fallback("backup.example.test", "example.test")
    assert defers_on_purpose("cluster5a.eu.messagelabs.com")
    assert defers_on_purpose("TERTIARY-MX.co.uk.")
    assert not defers_on_purpose("cluster5.eu.messagelabs.com")
    assert not has_order("amir.mx.cloudflare.net")
    assert has_order("mx1.example.test")


def test_only_mailboxes_whose_includes_are_more_than_remembered_send() -> None:
    senders = {one.id for one in PROVIDERS for _, host in SAMPLES if sending_provider(host) is one}

    assert "google-workspace" in senders
    for provider in PROVIDERS:
        if provider.id in senders:
            assert provider.role is Role.MAILBOX
            assert provider.includes
            assert provider.spf is not None
            assert provider.spf.grade is not Grade.REMEMBERED
    assert not senders & {"mimecast", "amazon-ses", "cloudflare-routing", "purelymail"}


def test_hosts_that_only_take_mail_in_are_told_from_those_that_send() -> None:
    assert inbound_operator("eu-smtp-inbound-1.mimecast.com") == "Mimecast"
    assert inbound_operator("smtp.google.com") == "Google"
    assert inbound_operator("www12.your-server.de") is None
    assert inbound_operator("mx1.pub.mailpod1-cph3.one.com") is None


def test_consumers_have_their_domains() -> None:
    assert consumer_operator("gmail.com") == "Google"
    assert consumer_operator("GMX.net.") == "GMX"
    assert consumer_operator("example.test") is None


def test_patterns_are_shown_and_filled() -> None:
    assert shown("{tenant}.mail.protection.outlook.com") == "<tenant>.mail.protection.outlook.com"
    assert fill("mx2-{region}.ppe-hosted.com", {"region": "eu1"}) == "mx2-eu1.ppe-hosted.com"
    assert fill("mx2-{region}.ppe-hosted.com", {}) is None
