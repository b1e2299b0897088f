"""What rules want to know of a domain beside its chain: for each family of facts, what to ask next.

A family is one line in WISHES. The order is that in which a budget of queries is spent.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from mxprobe.facts.dns import Answers, Question
from mxprobe.facts.snapshot import Vantage
from mxprobe.mx.authorities import next_authority_questions
from mxprobe.mx.dkimkeys import key_question
from mxprobe.mx.dmarc import next_dmarc_questions
from mxprobe.mx.dnsbl import next_list_questions
from mxprobe.mx.intended import intended_questions
from mxprobe.mx.mtasts import record_question
from mxprobe.mx.plan import plan_mx, special_use
from mxprobe.mx.promise import next_tlsa_questions
from mxprobe.mx.providers import sending_provider
from mxprobe.mx.registered import registration_questions
from mxprobe.mx.reverse import next_reverse_questions
from mxprobe.mx.spfseen import Wanted, next_spf_questions
from mxprobe.mx.tlsrpt import report_question
from mxprobe.mx.validation import control_questions


class Subject(Struct, frozen=True, kw_only=True):
    """Whom the wishes are about; `allow_special`: addresses of special use are asked about, too.

    `selectors` are those of DKIM that were named, `lists` the zones of lists of addresses (DNSBL), `port` is that of
    SMTP. `bogus_name`: by what it is told whether the resolver validates (None: nobody wants to know). `further` are
    hosts that are visited though no MX record names them.
    """

    domain: str
    allow_special: bool = False
    selectors: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    port: int = 25
    bogus_name: str | None = None
    further: tuple[str, ...] = ()


class Wish(Struct, frozen=True, kw_only=True):
    """A family of facts: `questions` says what it lacks, given what is known; `most` bounds them for any zone."""

    name: str
    questions: Callable[[Subject, Answers], tuple[Question, ...]]
    most: int


def subject_of(domain: str, vantage: Vantage, *, allow_special: bool, believes: bool) -> Subject:
    """Whom a look from there is about; `believes`: the resolver, so that it is asked whether it validates."""
    return Subject(
        domain=domain,
        allow_special=allow_special,
        selectors=vantage.dkim_selectors,
        lists=vantage.dnsbls,
        port=vantage.port,
        bogus_name=vantage.bogus_name if believes else None,
    )


def _policy(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return (record_question(subject.domain),)


def _reports(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return (report_question(subject.domain),)


def _promises(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    hosts = tuple(dict.fromkeys((*(host.name for host in plan_mx(subject.domain, answers).hosts), *subject.further)))
    return next_tlsa_questions(hosts, answers, subject.port)


def _names(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return next_reverse_questions(addresses_of(subject, answers), answers)


def _sender_policy(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    best = next(iter(plan_mx(subject.domain, answers).tiers), None)
    operators = [sending_provider(host.name) for host in best.hosts] if best is not None else []
    wanted = Wanted(
        domain=subject.domain,
        addresses=addresses_of(subject, answers),
        operator=next((one for one in operators if one is not None), None),
    )
    return next_spf_questions(wanted, answers)


def _dmarc(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return next_dmarc_questions(subject.domain, answers)


def _keys(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return tuple(key_question(selector, subject.domain) for selector in subject.selectors)


def _lists(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return next_list_questions(subject.lists, addresses_of(subject, answers), answers)


def _authorities(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return next_authority_questions(subject.domain, answers)


def _registered(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return registration_questions(subject.domain, answers)


def _intended(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return intended_questions(subject.domain, answers)


def _resolver(subject: Subject, answers: Answers) -> tuple[Question, ...]:
    return control_questions(subject.bogus_name)


def addresses_of(subject: Subject, answers: Answers) -> tuple[str, ...]:
    """The addresses of the MX hosts, each once, in the order of the chain."""
    hosts = plan_mx(subject.domain, answers).hosts
    found = dict.fromkeys(address for host in hosts for address in host.addresses)
    return tuple(address for address in found if subject.allow_special or special_use(address) is None)


WISHES: tuple[Wish, ...] = (
    Wish(name="mta-sts", questions=_policy, most=1),
    Wish(name="tlsrpt", questions=_reports, most=1),
    Wish(name="tlsa", questions=_promises, most=48),
    Wish(name="authorities", questions=_authorities, most=23),
    Wish(name="registered", questions=_registered, most=20),
    Wish(name="intended", questions=_intended, most=8),
    Wish(name="resolver", questions=_resolver, most=2),
    Wish(name="reverse", questions=_names, most=48),
    Wish(name="dkim", questions=_keys, most=8),
    Wish(name="dmarc", questions=_dmarc, most=40),
    Wish(name="spf", questions=_sender_policy, most=60),
    Wish(name="dnsbl", questions=_lists, most=64),
)


def next_wishes(subject: Subject, answers: Answers, spent: Mapping[str, int]) -> tuple[tuple[str, Question], ...]:
    """The questions that are open now, each with the family that it is asked for; `spent` counts what a family had."""
    found: dict[Question, str] = {}
    for wish in WISHES:
        open_ones = [question for question in wish.questions(subject, answers) if question not in answers]
        for question in open_ones[: max(wish.most - spent.get(wish.name, 0), 0)]:
            found.setdefault(question, wish.name)
    return tuple((name, question) for question, name in found.items())
