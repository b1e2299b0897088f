"""The host asks every unknown triplet of client, sender and recipient to come back later (RFC 6647 §2).

Nothing is down; mailers that take a 4yz for a reason to ask the next host spill over to the backup.
Example.
    hosts: {mx1: {always: {greylist: {wait: 5m, trusts: [mx2]}}}}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, Reply


class Greylist(Fault, frozen=True, kw_only=True):
    """Refuse a triplet for `wait` seconds after it was first seen; `trusts` names hosts that are let through."""

    wait: float
    trusts: tuple[str, ...] = ()

    NAME = "greylist"
    PHASE = Phase.RCPT
    HINDERS = False
    SHORT = "wait"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Later, until the triplet is old enough."""
        if moment.client_host in self.trusts:
            return ()
        if moment.first_seen is not None and moment.now - moment.first_seen >= self.wait:
            return ()
        return (Reply(code=451, text="4.7.1 Greylisted, please try again later"),)

    def cell(self, phase: Phase | None) -> str | None:
        """RCPT is answered 4yz."""
        return "R2"
