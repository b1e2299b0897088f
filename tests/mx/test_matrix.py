"""Four answers, and what they are about: greylisting, throttling, policy, relaying and the way to the primary."""

import pytest

from mxprobe.facts.proof import Answer
from mxprobe.facts.session import Failure, FailureKind, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.mx.matrix import Why, classify_turn, stated_wait
from mxprobe.mx.providers import provider_of


def _rcpt(text: str, phase: Phase = Phase.RCPT) -> Turn:
    reply = Reply(raw=text.encode(), code=int(text[:3]), lines=(text[4:],))
    return Turn(phase=phase, started=0.0, ended=0.0, reply=reply)


@pytest.mark.parametrize(
    ("text", "answer", "why"),
    [
        ("250 2.1.5 ok", Answer.ACCEPTED, Why.PLAIN),
        ("251 2.1.5 forwarded", Answer.ACCEPTED, Why.PLAIN),
        ("550 5.1.1 no such user", Answer.REFUSED, Why.PLAIN),
        ("550 5.4.1 Recipient address rejected: Access denied", Answer.REFUSED, Why.PLAIN),
        ("550 5.7.1 No such user!", Answer.REFUSED, Why.PLAIN),
        ("554 5.7.1 <a@b.test>: Relay access denied", Answer.REFUSED, Why.NOT_SERVED),
        ("550 5.7.64 TenantAttribution; Relay Access Denied", Answer.REFUSED, Why.NOT_SERVED),
        ("550 5.1.2 bad destination", Answer.REFUSED, Why.NOT_SERVED),
        ("550 5.1.2 Domain not found", Answer.REFUSED, Why.NO_SUCH_NAME),
        ("556 5.1.10 Recipient domain does not accept mail (nullMX)", Answer.REFUSED, Why.NO_SUCH_NAME),
        ("554 5.7.1 Service unavailable; client host [192.0.2.9] blocked using zen", Answer.UNKNOWN, Why.POLICY),
        ("450 4.7.25 Client host rejected: cannot find your reverse hostname", Answer.UNKNOWN, Why.POLICY),
        ("451 4.7.1 Greylisting in action, please come back in 5 minutes", Answer.LATER, Why.GREYLISTED),
        ("450 4.2.0 try again later", Answer.LATER, Why.GREYLISTED),
        ("451 4.7.1 Please try again later", Answer.LATER, Why.GREYLISTED),
        ("450 4.2.0 mailbox busy", Answer.LATER, Why.PLAIN),
        ("450 4.1.1 unverified address: Mailbox might not exist", Answer.LATER, Why.PLAIN),
        ("451 4.3.0 not now", Answer.LATER, Why.PLAIN),
        ("421 4.7.0 too many connections", Answer.LATER, Why.THROTTLED),
        ("451 4.3.2 use the primary mail server, deliver directly", Answer.LATER, Why.ELSEWHERE),
        ("354 go on", Answer.UNKNOWN, Why.SILENT),
    ],
)
def test_a_reply_is_one_of_four_answers_and_about_one_thing(text: str, answer: Answer, why: Why) -> None:
    assert classify_turn(_rcpt(text)) == (answer, why)


def test_no_reply_is_unknown() -> None:
    failure = Failure(kind=FailureKind.TIMEOUT, phase=Phase.RCPT)
    turn = Turn(phase=Phase.RCPT, started=0.0, ended=60.0, failure=failure)

    assert classify_turn(turn) == (Answer.UNKNOWN, Why.SILENT)


def test_a_host_that_took_another_recipient_of_ours_does_not_mean_us() -> None:
    denied = _rcpt("550 5.7.1 Access denied")

    assert classify_turn(denied) == (Answer.UNKNOWN, Why.POLICY)
    assert classify_turn(denied, known_fine=True) == (Answer.REFUSED, Why.PLAIN)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("451 4.7.1 Greylisted, try again in 300 seconds", 300),
        ("451 4.7.1 come back in 5 minutes", 300),
        ("451 4.7.1 wait 1min", 60),
        ("450 greylisted for 00:04:59", 299),
        ("450 greylisted, 04:59 left", 299),
        ("451 4.7.1 Greylisted, try again later", None),
        ("451 4.3.0 queue 12345 is full", None),
    ],
)
def test_a_stated_wait_is_read(text: str, seconds: float | None) -> None:
    assert stated_wait(text) == seconds


@pytest.mark.parametrize(
    ("host", "whose"),
    [
        ("aspmx.l.google.com", "Google"),
        ("ALT1.ASPMX.L.GOOGLE.COM", "Google"),
        ("example-test.mail.protection.outlook.com", "Microsoft"),
        ("example-test.v-v1.mx.microsoft", "Microsoft"),
        ("mta5.am0.yahoodns.net", "Yahoo"),
        ("mx01.mail.icloud.com", "Apple"),
        ("in1-smtp.messagingengine.com", "Fastmail"),
        ("mx.zoho.eu", "Zoho"),
        ("mail.protonmail.ch", "Proton"),
        ("notgoogle.com", None),
        ("google.com.example.test", None),
        ("mx1.example.test", None),
    ],
)
def test_a_host_of_a_large_provider_is_known_by_the_end_of_its_name(host: str, whose: str | None) -> None:
    assert provider_of(host) == whose
