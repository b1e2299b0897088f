"""The example in the page of every fault is played: the sender meets the cell that the fault promises.

Of a fault in the host of a policy the page promises how a fetch ends, and a fetch is what it is played with.
"""

import re
import sys

import pytest

from mxprobe.facts.policy import FetchStatus
from mxprobe.facts.run import EventKind
from mxprobe.lab.play import play_story
from mxprobe.lab.policyhost import policy_protocol
from mxprobe.lab.world import SENDER
from mxprobe.mx.mtasts import Memory, cell_after_failure
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.senders import find_profile
from mxprobe.scenario.faults import FAULTS
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.load_fault import read_fault
from mxprobe.scenario.model import POLICY_HOST
from mxprobe.scenario.timeline import order_spells
from tests.support.examples import block_of, story_of
from tests.support.policies import fetch_from, seams

PLAYED = [fault for fault in FAULTS if fault.ABOUT is not About.POLICY]
FETCHED = [fault for fault in FAULTS if fault.ABOUT is About.POLICY]
SETBACKS = (EventKind.REFUSED, EventKind.WAITS, EventKind.BOUNCED)


@pytest.mark.parametrize("fault", PLAYED, ids=lambda fault: fault.NAME)
def test_the_example_of_a_fault_does_what_its_page_says(fault: type[Fault]) -> None:
    page = sys.modules[fault.__module__].__doc__ or ""
    block = block_of(page)
    assert block, page
    block = block if not block.startswith("{") else f"steps:\n  - {block}"
    steps = "" if "steps:\n" in block else "steps:\n"
    story = story_of(f"senders: [rfc5321]\n{block}\n{steps}  - {{at: 6m, send: letter, to: alice}}")
    (spell,) = order_spells(story)
    run = play_story(story, "rfc5321", 1)
    met = {event.cell for event in run.events if event.kind in SETBACKS and event.who == SENDER}

    assert type(spell.use.fault) is fault
    assert run.fates[0].tried or run.fates[0].bounces
    cell = spell.use.fault.cell(spell.use.phase)
    assert cell is not None
    ruling = find_profile("rfc5321").ruling(cell, TlsPolicy.MAY)
    assert met == set() if ruling.action is Action.GO else cell in met


@pytest.mark.parametrize("fault", FETCHED, ids=lambda fault: fault.NAME)
def test_a_fetch_ends_as_the_page_of_a_fault_says(fault: type[Fault]) -> None:
    page = sys.modules[fault.__module__].__doc__ or ""
    promised = re.search(r"^A fetch ends in (\S+)\.$", page, re.MULTILINE)
    example = re.search(rf"^    {{at: 0m, break: {POLICY_HOST}, with: (.+), for: 1h}}$", page, re.MULTILINE)
    assert promised is not None, page
    assert example is not None, page
    use = read_fault(example[1], None, str)
    assert type(use.fault) is fault
    assert use.fits(About.POLICY)
    assert not use.hinders

    fetch = fetch_from(
        lambda: policy_protocol(seams(lambda moment: use.fault.react(moment) if use.matches(moment) else ()))
    )

    assert fetch.status == promised[1]
    assert use.fault.cell(use.phase) == cell_after_failure(Memory(), fetch.started_at)


@pytest.mark.parametrize(
    ("fault", "phase", "status"),
    [
        ("{certificate: expired}", None, FetchStatus.BAD_CERTIFICATE),
        ("tls-handshake-failure", None, FetchStatus.TLS),
        ("silence", "tls", FetchStatus.TIMEOUT),
    ],
)
def test_what_spoils_the_handshake_of_a_host_spoils_a_fetch_too(
    fault: str, phase: str | None, status: FetchStatus
) -> None:
    use = read_fault(fault, phase, str)
    assert use.fits(About.POLICY)
    assert use.fits(About.HOSTS)

    fetch = fetch_from(
        lambda: policy_protocol(seams(lambda moment: use.fault.react(moment) if use.matches(moment) else ()))
    )

    assert fetch.status is status


@pytest.mark.parametrize(
    ("fault", "phase"), [("{reply: 451 later}", "rcpt"), ("{greylist: 5m}", None), ("dns-timeout", None)]
)
def test_what_is_about_mail_or_names_does_not_fit_the_policy_host(fault: str, phase: str | None) -> None:
    use = read_fault(fault, phase, str)

    assert not use.fits(About.POLICY)
