"""Downgrades, mail in foreign hands, mail given up in silence: who is accused, who is not, and what is not known."""

from types import ModuleType

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.run import EventKind
from mxprobe.rules.sender import delivered_to_unapproved_host, dsn_missing, mail_lost, security_downgrade
from tests.support.examples import run_of

DOWNGRADE = """\
chain 10 mx1
sender rfc5321+mta-sts
protected mx1
0s sender tries mx1
0s mx1 accepts unverified
"""
HIJACK = """\
chain 10 mx1, 10 evil
rogue evil
0s sender tries evil
0s evil accepts in clear
"""
DROPPED = """\
chain 10 mx1
0s sender tries mx1
0s mx1 refuses 550 5.1.1 no such user
1s sender drops
"""


@pytest.mark.parametrize(
    ("right", "other", "status"),
    [
        ("", "", Status.FIRES),
        ("unverified", "in clear", Status.FIRES),
        ("rfc5321+mta-sts", "postfix+dane", Status.FIRES),
        ("unverified", "verified", Status.PASSES),
        ("rfc5321+mta-sts", "rfc5321+may", Status.PASSES),
        ("protected mx1", "protected mx2", Status.PASSES),
        ("accepts unverified", "accepts", Status.INCONCLUSIVE),
        ("rfc5321+mta-sts", "another", Status.INCONCLUSIVE),
    ],
)
def test_a_downgrade_is_one_of_a_sender_that_has_to_authenticate(right: str, other: str, status: Status) -> None:
    assert security_downgrade.find(run_of(DOWNGRADE.replace(right, other))).status is status


def test_content_that_a_host_refused_was_handed_over_all_the_same() -> None:
    run = run_of(DOWNGRADE)
    refused = tuple(replace(one, kind=EventKind.REFUSED) if one.tls else one for one in run.events)

    assert security_downgrade.find(replace(run, events=refused)).status is Status.FIRES


def _severities(module: ModuleType, block: str) -> list[Severity]:
    return [found.severity for found in module.find(run_of(block)).findings]


def test_mail_in_foreign_hands_is_an_error_where_the_domain_is_protected_and_a_note_elsewhere() -> None:
    protected = HIJACK.replace("rogue evil", "protected mx1\nrogue evil")

    assert _severities(delivered_to_unapproved_host, protected) == [Severity.ERROR]
    assert _severities(delivered_to_unapproved_host, HIJACK) == [Severity.INFO]
    assert _severities(delivered_to_unapproved_host, HIJACK.replace("rogue evil", "rogue other")) == []


def test_a_message_given_up_in_silence_is_not_lost_twice() -> None:
    given_back = DROPPED.replace("drops", "bounces")
    run = run_of(DROPPED)
    from_nobody = replace(run, events=tuple(replace(event, to=None) for event in run.events))

    assert _severities(dsn_missing, DROPPED) == [Severity.ERROR]
    assert _severities(mail_lost, DROPPED) == []
    assert _severities(dsn_missing, given_back) == []
    assert dsn_missing.find(from_nobody).status is Status.PASSES
    assert mail_lost.find(from_nobody).status is Status.PASSES


def test_what_a_host_lost_is_no_matter_of_bounces() -> None:
    lost = "chain 10 mx1\n0s sender tries mx1\n0s mx1 accepts"

    assert _severities(mail_lost, lost) == [Severity.ERROR]
    assert _severities(dsn_missing, lost) == []
