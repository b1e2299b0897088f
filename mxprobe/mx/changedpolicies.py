"""What differs in what a domain promises and allows: TLSA records, MTA-STS, TLS reporting, SPF and DMARC.

Standards: RFC 7672 §2.2, RFC 8461 §3.2, RFC 8460 §3, RFC 7208 §4.5.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from mxprobe.facts.change import Area, Change, NotCompared, Weight
from mxprobe.facts.dns import Answer, Question
from mxprobe.mx.dane import DaneOutcome, match_chain, tlsa_question, tlsa_records
from mxprobe.mx.dmarc import dmarc_question, dmarc_texts
from mxprobe.mx.drift import texts_in
from mxprobe.mx.moved import Looks, hosts_of_both
from mxprobe.mx.mtasts import Mode, Policy, RecordStatus
from mxprobe.mx.newcomers import loosened
from mxprobe.mx.policyseen import PolicySeen, policy_of
from mxprobe.mx.spfrecord import spf_texts
from mxprobe.mx.spfseen import spf_question
from mxprobe.mx.tlsrpt import read_reports, report_question


class _Text(Struct, frozen=True, kw_only=True):
    """A TXT record of the domain: where it is, how it is told from others there, what it means that it differs."""

    what: str
    question: Callable[[str], Question]
    read: Callable[[Answer], tuple[str, ...]]
    because: str


_TEXTS = (
    _Text(
        what="TLSRPT record",
        question=report_question,
        read=read_reports,
        because="reports of TLS that failed go elsewhere",
    ),
    _Text(
        what="SPF record",
        question=spf_question,
        read=spf_texts,
        because="others may send for the domain than before",
    ),
    _Text(
        what="DMARC record",
        question=dmarc_question,
        read=dmarc_texts,
        because="receivers are asked for something else than before",
    ),
)


def policy_changes(looks: Looks) -> Iterator[Change | NotCompared]:
    """Everything that differs."""
    for host in hosts_of_both(looks.before, looks.now):
        yield from _promised(host, looks)
    yield from _policy(looks)
    domain = looks.now.domain
    for text in _TEXTS:
        question = text.question(domain)
        reason = _reason(*(texts_in(answers, question) for answers in (looks.then, looks.today)))
        if reason:
            yield NotCompared(area=Area.POLICIES, subject=domain, what=text.what, why=reason)
            continue
        old, new = (tuple(sorted(text.read(answers[question]))) for answers in (looks.then, looks.today))
        if old != new:
            yield _change(domain, text.what, (old, new), (Weight.CHANGE, text.because if new else "it is gone"))


def _reason(then: object, today: object) -> str:
    """Why texts of two looks cannot be compared."""
    if isinstance(today, str):
        return today
    return f"in the earlier probe {then}" if isinstance(then, str) else ""


def _change(
    subject: str, what: str, sides: tuple[tuple[str, ...], tuple[str, ...]], said: tuple[Weight, str]
) -> Change:
    return Change(
        area=Area.POLICIES,
        subject=subject,
        what=what,
        old=sides[0],
        new=sides[1],
        weight=said[0],
        because=said[1],
    )


# -- TLSA --------------------------------------------------------------------------------------------------------------


def _promised(host: str, looks: Looks) -> Iterator[Change | NotCompared]:
    question = tlsa_question(host, looks.now.vantage.port)
    then, today = (texts_in(answers, question) for answers in (looks.then, looks.today))
    if isinstance(then, str) or isinstance(today, str):
        if question in looks.then or question in looks.today:
            why = _reason(then, today)
            yield NotCompared(area=Area.POLICIES, subject=host, what="TLSA records", why=why)
        return
    if then != today:
        sides = (tuple(sorted(then)), tuple(sorted(today)))
        yield _change(host, "TLSA records", sides, _weigh_promise(host, question, looks))


def _weigh_promise(host: str, question: Question, looks: Looks) -> tuple[Weight, str]:
    then, today = tlsa_records(looks.then[question]), tlsa_records(looks.today[question])
    if not today:
        return Weight.CHANGE, "senders that do DANE are promised nothing any more"
    outcomes = [
        match_chain(
            today, tuple(bytes(one.der) for one in session.tls.chain), session.started_at, lambda _: True
        ).outcome
        for visit in looks.now.visits
        if visit.endpoint.host == host
        for session in visit.sessions[-1:]
        if session.tls is not None
    ]
    if DaneOutcome.NO_MATCH in outcomes:
        return Weight.CHANGE, "the certificate that the host shows is not among them"
    if DaneOutcome.UNUSABLE in outcomes:
        return Weight.CHANGE, "none of them is one that SMTP uses"
    if outcomes:
        return Weight.RENEWAL, "they promise the certificate that the host shows"
    if set(then) & set(today):
        return Weight.RENEWAL, "some stayed; the certificate was not seen"
    return Weight.CHANGE, "none stayed, and the certificate was not seen"


# -- MTA-STS -----------------------------------------------------------------------------------------------------------


def _policy(looks: Looks) -> Iterator[Change | NotCompared]:
    domain = looks.now.domain
    was, now = policy_of(looks.before), policy_of(looks.now)
    reason = now.unknown or (f"in the earlier probe {was.unknown}" if was.unknown else "")
    if reason:
        yield NotCompared(area=Area.POLICIES, subject=domain, what="MTA-STS policy", why=reason)
    known = [seen.record is not None and seen.record.status is not RecordStatus.FAILED for seen in (was, now)]
    same_id = _id(was) == _id(now)
    if all(known) and not same_id:
        weight = Weight.CHANGE if not _id(now) else Weight.RENEWAL
        because = "senders look whether the policy changed" if _id(now) else "senders find no policy any more"
        yield _change(domain, "MTA-STS id", (_id(was), _id(now)), (weight, because))
    old, new = _lines(was), _lines(now)
    if not reason and old != new:
        gone, came = (tuple(line for line in one if line not in other) for one, other in ((old, new), (new, old)))
        yield _change(domain, "MTA-STS policy", (gone, came), _weigh_policy(was, now, same_id))


def _id(seen: PolicySeen) -> tuple[str, ...]:
    return (seen.record.id,) if seen.record is not None and seen.record.id else ()


def _lines(seen: PolicySeen) -> tuple[str, ...]:
    if not isinstance(seen.policy, Policy) or not _id(seen):
        return () if seen.policy is None or not _id(seen) else ("no policy that can be used",)
    policy = seen.policy
    return (f"mode: {policy.mode}", *(f"mx: {name}" for name in sorted(policy.mx)), f"max_age: {policy.max_age}")


def _weigh_policy(was: PolicySeen, now: PolicySeen, same_id: bool) -> tuple[Weight, str]:
    weaker = loosened(was, now)
    if weaker:
        return Weight.CHANGE, weaker
    if same_id:
        return Weight.CHANGE, "the id stayed: senders that have the old policy keep it"
    if isinstance(now.policy, Policy) and now.policy.mode in (Mode.ENFORCE, Mode.TESTING):
        return Weight.RENEWAL, "with a new id"
    return Weight.CHANGE, "there is none that senders obey"
