"""What SPF says of the domain's own mail where a backup hands it on to a better host.

Whether that host judges it by its last client, only a message tells; here stands what it would find.

Standards: RFC 7208 §D.3 (mail that a host of one's own hands on).
"""

from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_answers
from mxprobe.mx.plan import plan_mx
from mxprobe.mx.spfrecord import Word
from mxprobe.mx.spfseen import spf_of
from mxprobe.report.words import wrap

_REFUSED = (Word.FAIL, Word.SOFTFAIL)


def render_handed_on(snapshot: Snapshot) -> list[str]:
    """A passage for the backups from which the domain's own mail fails SPF; nothing where there is none."""
    answers = known_answers(snapshot)
    plan = plan_mx(snapshot.domain, answers)
    said: dict[str, list[str]] = {}
    for tier in plan.tiers[1:]:
        for host in tier.hosts:
            for address in host.addresses:
                spf = spf_of(snapshot.domain, address, answers)
                if spf is not None and spf.word in _REFUSED:
                    said.setdefault(f"{spf.word} (by {spf.term or 'no term'})", []).append(f"{host.name} {address}")
    if not said:
        return []
    found = "; ".join(f"{', '.join(whom)}: {word}" for word, whom in said.items())
    text = (
        f"mail of {snapshot.domain}'s own senders that a backup hands on fails SPF at the primary, unless that exempts"
        f" its backups. {found}. A message shows: mxprobe prove you@{snapshot.domain}"
    )
    return wrap(" handed on      ", text)
