"""What the rules about names of addresses share."""

from collections.abc import Callable

from msgspec.structs import replace

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_answers
from mxprobe.mx.plan import special_use
from mxprobe.mx.providers import provider_of
from mxprobe.mx.reverse import NOT_ASKED, Reverse, reverse_of
from mxprobe.rules.domain.reading import chain_of, not_resolved, unique
from mxprobe.rules.pasting import ptr_record
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive


def judge_names(rule: Rule, snapshot: Snapshot, verdict: Reverse, words: Callable[[str, str], Words]) -> Judgement:
    """A finding for each host with an address of this verdict; of a pool of a provider it is a note.

    Addresses of special use have names in private views alone, and are left out but where the probe was let at them.
    """
    plan, answers = chain_of(snapshot), known_answers(snapshot)
    visited = {visit.endpoint.address for visit in snapshot.visits if visit.sessions}
    found, unknown = [], []
    for host in plan.hosts:
        for address in host.addresses:
            seen = reverse_of(address, answers)
            if seen.reason == NOT_ASKED and special_use(address) is not None and address not in visited:
                continue
            if seen.verdict is Reverse.UNKNOWN:
                unknown.append(f"{address}: {seen.reason}")
            elif seen.verdict is verdict:
                named = f"{address} PTR {', '.join(seen.names) or 'none'}"
                severity = Severity.INFO if provider_of(host.name) is not None else None
                told = replace(words(host.name, address), seen=(named,), paste=ptr_record(address, host.name))
                found.append(finding(rule, host.name, told, severity))
    doubt = "; ".join(filter(None, (not_resolved(plan), *unknown[:4])))
    return inconclusive(rule, doubt) if doubt and not found else conclude(rule, unique(found))
