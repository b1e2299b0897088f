"""The example in the page of every fault is played: the sender meets the cell that the fault promises."""

import sys

import pytest

from mxprobe.facts.run import EventKind
from mxprobe.lab.play import play_story
from mxprobe.lab.world import SENDER
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.senders import find_profile
from mxprobe.scenario.faults import FAULTS
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.timeline import order_spells
from tests.support.examples import block_of, story_of

SETBACKS = (EventKind.REFUSED, EventKind.WAITS, EventKind.BOUNCED)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.NAME)
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
