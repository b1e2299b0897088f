"""The TLS policies of senders as text: who comes to which host how, and who never does.

A table where a policy keeps mail from a host or nothing can be told; else a line. Addresses alike share a row.
"""

from collections.abc import Sequence
from itertools import groupby

from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.policies import AtAddress, OfPolicy, Passage, Way
from mxprobe.report.forecast_words import enumerate_words, shorten
from mxprobe.report.words import columns, wrap

HEADING = "TLS POLICIES OF SENDERS"
_WIDTHS = (24, 11, 13, 13, 16, 16)
_SENDERS = {
    TlsPolicy.NONE: "Senders without TLS",
    TlsPolicy.MAY: "Senders with TLS where it is offered",
    TlsPolicy.ENCRYPT: "Senders that insist on TLS",
    TlsPolicy.DANE: "Senders that use DANE",
    TlsPolicy.MTA_STS: "Senders that enforce MTA-STS",
}


def render_policies(policies: Sequence[OfPolicy]) -> list[str]:
    """The lines; none where nothing is known of any host."""
    found = [one for policy in policies for one in policy.addresses]
    if not found or all(one.passage in (Passage.UNKNOWN, Passage.DOWN) for one in found):
        return []
    names = shorten(dict.fromkeys(one.host for one in found))
    if not any(one.passage.is_refused for one in found) and not any(_is_partly_told(policy) for policy in policies):
        return ["", *wrap(f"{HEADING}   ", _one_line(policies, names))]
    lines = ["", HEADING, *_table(policies, names)]
    for policy in policies:
        for sentence in _sentences(policy, names):
            lines += wrap(" ", sentence)
    for sentence in _not_told(policies):
        lines += wrap(" ", f"Cannot tell {sentence}.")
    return lines


def _is_partly_told(policy: OfPolicy) -> bool:
    """Whether something is known of some addresses, and nothing of others."""
    return len({one.passage is Passage.UNKNOWN for one in policy.addresses}) > 1


def _one_line(policies: Sequence[OfPolicy], names: dict[str, str]) -> str:
    """Which policies keep mail from no host, which of them verify what, and of which nothing is known."""
    known = [one for one in policies if all(at.passage is not Passage.UNKNOWN for at in one.addresses)]
    told = []
    for policy in known:
        proved = dict.fromkeys(one.host for one in policy.addresses if one.passage is Passage.VERIFIED)
        if proved:
            told.append(f"{policy.policy} verifies {enumerate_words([names[host] for host in proved])}")
    words = enumerate_words([one.policy.value for one in known], "or")
    who = "none of them" if len(known) == len(policies) else f"no sender with {words}"
    kept = f"{who} is kept from a host; {'; '.join(told) or 'none verifies one'}"
    return "; ".join([kept, *(f"cannot tell {why}" for why in _not_told(policies))]) + "."


def _table(policies: Sequence[OfPolicy], names: dict[str, str]) -> list[str]:
    """A row for each host, or for its addresses where they differ."""
    rows = list(zip(*(policy.addresses for policy in policies), strict=True))
    lines = columns(("host", *(policy.policy.value for policy in policies)), _WIDTHS)
    for host, group in groupby(rows, key=lambda row: row[0].host):
        own = list(group)
        cells = [tuple(_cell(one) for one in row) for row in own]
        if len(set(cells)) == 1:
            lines += columns((names[host], *cells[0]), _WIDTHS)
            continue
        lines.append(names[host])
        for row, told in zip(own, cells, strict=True):
            lines += columns((f"  {row[0].endpoint.partition('/')[2]}", *told), _WIDTHS)
    if len({(policy.way, policy.to) for policy in policies}) > 1:
        lines += columns(("mail goes to", *(_goes(policy, names) for policy in policies)), _WIDTHS)
    return [f" {line}" for line in lines]


def _goes(policy: OfPolicy, names: dict[str, str]) -> str:
    """Where the mail of a policy goes as things are."""
    if policy.way is Way.GOES:
        return enumerate_words([names[host] for host in policy.to], "or")
    return "nowhere, waits" if policy.way is Way.WAITS else "cannot tell"


def _cell(one: AtAddress) -> str:
    return one.passage.value + (f" ({one.cell})" if one.cell and not one.passage.delivers else "")


def _sentences(policy: OfPolicy, names: dict[str, str]) -> list[str]:
    """What a policy means for the chain, where it rules hosts out that others use."""
    if not policy.never:
        return []
    who = _SENDERS[policy.policy]
    never = enumerate_words([names[host] for host in policy.never], "or")
    if policy.usable:
        usable = [names[host] for host in policy.usable]
        are = "is" if len(usable) == 1 else "are"
        return [f"{who} never go to {never}: while {enumerate_words(usable)} {are} down, their mail waits."]
    rest = "their mail waits." if policy.way is Way.WAITS else "of the other hosts nothing can be told."
    return [f"{who} never go to {never}: {rest}"]


def _not_told(policies: Sequence[OfPolicy]) -> list[str]:
    """Why something is not known, and for which policies where not for all."""
    reasons: dict[str, list[str]] = {}
    for policy in policies:
        for why in dict.fromkeys(one.why for one in policy.addresses if one.passage is Passage.UNKNOWN):
            reasons.setdefault(why, []).append(policy.policy.value)
    return [
        why if len(who) == len(policies) else f"for {enumerate_words(who)}: {why}"
        for why, who in reasons.items()
        if why
    ]
