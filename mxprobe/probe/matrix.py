"""What a look may ask about recipients: the questions, what allows them, and the sender they are asked with.

Nothing is dialled here; names alone are asked. More than the good recipients needs the consent of the domain. Every
address is asked each question once, and a patient look asks once more what was answered by later.

Standards: RFC 5321 §4.5.1 (postmaster), §4.5.5 (the null sender), RFC 7505 §4.1, RFC 2505 §2.1 (relaying).
"""

from collections.abc import Awaitable, Callable
from datetime import date

from msgspec import Struct

from mxprobe.errors import InputError
from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType
from mxprobe.facts.matrix import AskedAbout, Form, RcptQuestion, Role
from mxprobe.facts.names import is_address
from mxprobe.mx.consent import OWNED, Consent, NoConsent, consent_question, judge_consent
from mxprobe.mx.providers import consumer_operator, provider_of

FOREIGN = "relay-test@mxprobe.example"
"""A recipient at a domain that can be nobody's: names below .example are reserved, and none of them has mail."""

Ask = Callable[[Question], Awaitable[Answer]]


class MatrixRequest(Struct, frozen=True, kw_only=True):
    """The wish to ask more than the good recipients. `random` is the local part of the control.

    `owned`: the person says that the domain is theirs; `force_shared`: hosts of large providers are asked too;
    `patient`: what is answered by later is asked once more.
    """

    random: str
    owned: bool = False
    force_shared: bool = False
    patient: bool = False


async def find_sender(helo: str | None, ask: Ask) -> str:
    """The sender: postmaster at the EHLO name where that name takes mail, else the null sender."""
    if helo is None or helo.startswith("[") or is_address(helo):
        return ""
    answer = await ask(Question(name=helo, rrtype=RecordType.MX))
    if answer.mx:
        return "" if {record.exchange for record in answer.mx} == {"."} else f"postmaster@{helo}"
    if answer.status.is_temporary or answer.status is AnswerStatus.NXDOMAIN:
        return ""
    for rrtype in (RecordType.A, RecordType.AAAA):
        if (await ask(Question(name=helo, rrtype=rrtype))).addresses:
            return f"postmaster@{helo}"
    return ""


async def find_consent(domain: str, wish: MatrixRequest, today: date, ask: Ask) -> Consent | NoConsent:
    """Whether the domain, or the person, allows it. A domain of a large provider's consumers is no person's."""
    if wish.owned and consumer_operator(domain) is None:
        return OWNED
    return judge_consent(domain, await ask(consent_question(domain)), today, owned=wish.owned)


def refuse(domain: str, refusal: NoConsent) -> InputError:
    """The error for a wish that is not allowed, with the ways to have it allowed."""
    record = f'_mxprobe.{domain}. TXT "v=mxprobe1; until=YYYY-MM-DD"'
    yours = "" if consumer_operator(domain) else f", or say that the domain is yours: {refusal.flag}"
    hint = f"Publish {record}{yours}."
    return InputError(f"{domain} has not allowed to be asked about more recipients: {refusal.reason}", hint=hint)


def plain_questions(recipients: tuple[str, ...], sender: str) -> AskedAbout:
    """One question for each good recipient."""
    questions = tuple(RcptQuestion(role=Role.GOOD, recipient=name, sender=sender) for name in recipients)
    return AskedAbout(questions=questions, sender=sender)


def matrix_questions(domain: str, recipients: tuple[str, ...], sender: str, wish: MatrixRequest) -> AskedAbout:
    """The whole matrix, without what allows it.

    The null sender has an envelope of its own. The foreign recipient comes last, written in four forms, and once more
    from a sender of the domain itself: a host that takes that amiss has answered the rest by then.
    """
    wanted = [(Role.GOOD, name) for name in recipients]
    if f"postmaster@{domain}" not in {name.lower() for name in recipients}:
        wanted.append((Role.POSTMASTER, f"postmaster@{domain}"))
    wanted.append((Role.RANDOM, f"{wish.random}@{domain}"))
    questions = [RcptQuestion(role=role, recipient=name, sender=sender) for role, name in wanted]
    if sender:
        questions.append(RcptQuestion(role=Role.GOOD, recipient=recipients[0]))
        questions.append(RcptQuestion(role=Role.FOREIGN, recipient=FOREIGN))
    forms = ((form, _write_foreign(form, domain)) for form in Form)
    questions += [RcptQuestion(role=Role.FOREIGN, recipient=name, sender=sender, form=form) for form, name in forms]
    questions.append(RcptQuestion(role=Role.FOREIGN, recipient=FOREIGN, sender=f"postmaster@{domain}"))
    return AskedAbout(questions=tuple(questions), sender=sender, patient=wish.patient)


def _write_foreign(form: Form, domain: str) -> str:
    """The foreign recipient in a form that some hosts still understand (RFC 2505 §2.1, RFC 5321 §C)."""
    local, _, elsewhere = FOREIGN.partition("@")
    written = {
        Form.PLAIN: FOREIGN,
        Form.PERCENT: f"{local}%{elsewhere}@{domain}",
        Form.BANG: f"{elsewhere}!{local}@{domain}",
        Form.ROUTE: f"@{domain}:{FOREIGN}",
    }
    return written[form]


def shared_hosts(hosts: tuple[str, ...], wish: MatrixRequest) -> tuple[tuple[str, str], ...]:
    """The hosts that are asked about the good recipients alone, and whose they are."""
    if wish.force_shared:
        return ()
    found = [(host, provider_of(host)) for host in dict.fromkeys(hosts)]
    return tuple((host, whose) for host, whose in found if whose is not None)
