"""How a well-behaved host answers: who is known, what is kept, what is handed on. Pure.

Standards: RFC 5321 §3.3 (550 for an unknown mailbox), §3.6.2 (a relay takes mail for the hosts it serves), §6.3 (the
number of hops that ends a circle); RFC 8461 §3.3 (where a policy lies).
"""

from mxprobe.facts.smtp import Phase
from mxprobe.mx.mtasts import POLICY_PATH, Policy, write_policy
from mxprobe.scenario.model import Scenario
from mxprobe.scenario.reaction import (
    MODIFIERS,
    AskHost,
    Close,
    HandOn,
    Keep,
    Moment,
    Page,
    Raw,
    Reaction,
    Reply,
    Reset,
)

MOST_HOPS = 100
"""Received lines at which a host takes mail to go round in a circle."""


def answer(scenario: Scenario, moment: Moment) -> tuple[Reaction, ...]:
    """What the host does when nothing is wrong with it; empty: the usual positive reply."""
    if moment.phase is Phase.RCPT and moment.recipient is not None:
        return _answer_recipient(scenario, moment.host, moment.recipient)
    if moment.phase is Phase.DOT:
        if moment.hops >= MOST_HOPS:
            return (Reply(code=554, text="5.4.6 Too many hops"),)
        return (Keep(),) if scenario.keeps_mail(moment.host) else (HandOn(),)
    return ()


def _answer_recipient(scenario: Scenario, host: str, recipient: str) -> tuple[Reaction, ...]:
    spec = scenario.spec(host)
    if recipient.rpartition("@")[2].lower() != scenario.domain:
        return (Reply(code=550, text="5.7.1 Relaying denied"),)
    if spec.verifies:
        return (AskHost(host=spec.verifies, recipient=recipient),)
    known = scenario.recipients if spec.recipients is None else spec.recipients
    if spec.any_recipient or recipient in known or recipient.lower() == f"postmaster@{scenario.domain}":
        return ()
    return (Reply(code=550, text=f"5.1.1 <{recipient}> No such mailbox here"),)


def answer_policy_request(policy: Policy | None, moment: Moment) -> tuple[Reaction, ...]:
    """What the host of the MTA-STS policy does when nothing is wrong with it: the policy at its place, else 404."""
    if moment.path is None:
        return ()
    if policy is None or moment.path != POLICY_PATH:
        return (Page(code=404),)
    return (Page(body=write_policy(policy)),)


def combine(fault: tuple[Reaction, ...], own: tuple[Reaction, ...]) -> tuple[Reaction, ...]:
    """What is done when faults strike: what only modifies goes before the host's own, all else takes its place.

    At the final dot a slow host has stored before it answers, and a close, or bytes that are no reply, may come after
    storing: the client cannot know.
    """
    stores = any(isinstance(reaction, Keep | HandOn) for reaction in own)
    kept = any(isinstance(reaction, Close | Reset | Raw) and reaction.kept for reaction in fault)
    modifies = all(isinstance(reaction, MODIFIERS) for reaction in fault)
    if stores and (kept or modifies):
        return own + fault
    return fault + own if modifies else fault
