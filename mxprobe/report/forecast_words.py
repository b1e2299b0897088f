"""The forecast in sentences: who of the modelled mailers goes where, waits or bounces, and when.

A part of a chain that fails is told by its cases, one for each way of failing; mailers are told by their place in the
forecast's list, so that any set of them can be said in few words ("all 12", "all but Haraka").
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from mxprobe.mx.forecast import FateKind, MailerForecast
from mxprobe.mx.whatif import Case, CaseKind, Forecast
from mxprobe.report.words import say_span

_FEW = 3
_MANY = 5
_GREETS = "greets with "
_NOT_TAKEN = ((FateKind.WAITS, "wait"), (FateKind.BOUNCES, "bounce"))

Cases = Sequence[Case]
"""The cases of one part of the chain, one for each way of failing."""


class Speech(Struct, frozen=True, kw_only=True):
    """What a forecast's words depend on: the mailers' titles, and the shortest names that tell the hosts apart.

    `others`: a set of hosts, and what to say in its place ("the other").
    """

    titles: tuple[str, ...]
    names: dict[str, str]
    others: tuple[frozenset[str], str] | None = None

    def host(self, name: str | None) -> str:
        """A host's short name."""
        return self.names.get(name or "", name or "")

    def hosts(self, names: Iterable[str], last: str = "or") -> str:
        """Hosts in the order of the chain: mx1, mx2 or mx3."""
        names = frozenset(names)
        if self.others is not None and names == self.others[0]:
            return self.others[1]
        order = list(self.names)
        return enumerate_words([self.host(name) for name in sorted(names, key=order.index)], last)

    def who(self, mailers: Collection[int], between: str = " ") -> str:
        """Names; "all 12" and "all but Haraka" where that is shorter."""
        count = len(self.titles)
        others = [title for number, title in enumerate(self.titles) if number not in mailers]
        if not others and count > 1:
            return f"all {count}"
        if count >= _MANY and len(others) <= _FEW and len(others) < len(mailers):
            return f"all but {between.join(others)}"
        return between.join(title for number, title in enumerate(self.titles) if number in mailers)


def speech_of(forecast: Forecast) -> Speech:
    """The words for one forecast."""
    cases = (*forecast.cases, forecast.now)
    told = [name for case in cases for name in case.down]
    told += [name for case in cases for mailer in case.mailers for name in sorted(mailer.hosts)]
    return Speech(titles=forecast.modelled, names=shorten(dict.fromkeys(told)))


def shorten(names: Iterable[str]) -> dict[str, str]:
    """For each host as many of its first labels as tell it from all others."""
    names = tuple(names)
    short = {}
    for name in names:
        labels = name.split(".")
        taken = [other.split(".") for other in names if other != name]
        count = next(
            (length for length in range(1, len(labels)) if all(one[:length] != labels[:length] for one in taken)),
            len(labels),
        )
        short[name] = ".".join(labels[:count])
    return short


def enumerate_words(words: Sequence[str], last: str = "and") -> str:
    """One, two and three."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def part_in_words(case: Case, speech: Speech) -> str:
    """What fails, as the subject of a sentence."""
    if case.asked is not None:
        return case.asked
    if case.family is not None:
        return f"every IPv{case.family} address"
    if case.kind is CaseKind.PREFERENCE and len(case.down) > _FEW:
        return f"all {len(case.down)} hosts of preference {case.preference}"
    return enumerate_words([speech.host(name) for name in case.down])


def is_singular(case: Case) -> bool:
    """Whether `part_in_words` is one thing."""
    if case.asked is not None:
        return " and " not in case.asked
    return case.family is not None or len(case.down) == 1


def having(case: Case, kind: FateKind, *, certain: bool = False) -> tuple[int, ...]:
    """The mailers that may end so; with `certain`, those that end in no other way."""
    found = enumerate(case.mailers)
    return tuple(number for number, one in found if kind in one.kinds and (not certain or len(one.kinds) == 1))


def is_hopeless(cases: Cases) -> bool:
    """Whether nobody is left that might take the mail."""
    return all(mailer.kinds <= {FateKind.WAITS, FateKind.BOUNCES} for case in cases for mailer in case.mailers)


def say_verdict(cases: Cases, speech: Speech) -> str:
    """Grouped by fate: who goes to which host however the part fails, who waits and who bounces, and when."""
    if is_hopeless(cases):
        return _say_hopeless(cases, speech)
    always: dict[frozenset[str], list[int]] = {}
    for number in range(len(cases[0].mailers)):
        mailers = [case.mailers[number] for case in cases]
        if all(mailer.kinds == {FateKind.ACCEPTED} for mailer in mailers):
            always.setdefault(frozenset[str]().union(*(mailer.hosts for mailer in mailers)), []).append(number)
    how = _however(cases) if len(cases) > 1 else ""
    clauses = [
        f"{_modelled(who, speech)} {_verb(who, 'go')} to {speech.hosts(hosts)}{how}" for hosts, who in always.items()
    ]
    if not always:
        sometimes = f"go to {speech.hosts(_hosts_of(cases, FateKind.ACCEPTED))}"
        clauses += _say_fates(cases, speech, ((FateKind.ACCEPTED, sometimes),))
    unknown = f"go to {speech.hosts(_hosts_of(cases, FateKind.UNKNOWN))} (nothing is known of it)"
    clauses += _say_fates(cases, speech, ((FateKind.UNKNOWN, unknown),))
    return "; ".join([*clauses, *_say_fates(cases, speech, _NOT_TAKEN)])


def _modelled(mailers: Collection[int], speech: Speech) -> str:
    who = speech.who(mailers, ", ")
    return f"{who} modelled mailers" if who == f"all {len(speech.titles)}" else who


def _verb(mailers: Collection[int], verb: str) -> str:
    if len(mailers) != 1:
        return verb
    first, _, rest = verb.partition(" ")
    return " ".join(filter(None, (first + ("es" if first.endswith("o") else "s"), rest)))


def _however(cases: Cases) -> str:
    case = cases[0]
    one = is_singular(case)
    return f", however {'it fails' if one else 'they fail'}"


def _when(cases: Cases, struck: Sequence[Case]) -> str:
    """In which of the ways: " when it greets with 421"."""
    if len(cases) == 1 or not struck:
        return ""
    if len(struck) == len(cases):
        return _however(cases)
    subject = "it" if is_singular(cases[0]) else "each"
    rest = [case for case in cases if case not in struck]
    word, told = ("unless", rest) if len(rest) == 1 and len(cases) > 2 else ("when", list(struck))
    return f" {word} {subject} {_ways(told)}"


def _ways(cases: Sequence[Case]) -> str:
    """Refuses connections or greets with 421; what two ways begin with is said once."""
    words: list[str] = []
    for case in cases:
        way = case.way or ""
        said = any(one.startswith(_GREETS) for one in words)
        words.append(way.removeprefix(_GREETS) if said else way)
    return enumerate_words(words, "or")


def _say_fates(cases: Cases, speech: Speech, fates: Sequence[tuple[FateKind, str]]) -> list[str]:
    """A clause for each set of mailers: in which ways they meet these fates; "perhaps" where equals leave it open."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for kind, verb in fates:
        for (ways, certain), who in _by_ways(cases, kind).items():
            perhaps = "" if certain else "perhaps "
            said = f"{perhaps}{_verb(who, verb)}{_when(cases, [cases[one] for one in ways])}"
            groups.setdefault(tuple(who), []).append(said)
    return [f"{speech.who(who, ', ')} {', '.join(said)}" for who, said in groups.items()]


def _by_ways(cases: Cases, kind: FateKind) -> dict[tuple[tuple[int, ...], bool], list[int]]:
    """The mailers that meet a fate, by the ways of failing in which they do, and by whether they meet no other."""
    groups: dict[tuple[tuple[int, ...], bool], list[int]] = {}
    for number in range(len(cases[0].mailers)):
        ways = tuple(place for place, case in enumerate(cases) if kind in case.mailers[number].kinds)
        if ways:
            certain = all(len(cases[way].mailers[number].kinds) == 1 for way in ways)
            groups.setdefault((ways, certain), []).append(number)
    return groups


def _hosts_of(cases: Cases, kind: FateKind) -> frozenset[str]:
    """The hosts at which mail ends so."""
    ends = (end for case in cases for mailer in case.mailers for end in mailer.prospects)
    return frozenset(end.host for end in ends if end.kind is kind and end.host is not None)


def _say_hopeless(cases: Cases, speech: Speech) -> str:
    """Nobody is left: who gives up first and last, and who does not even wait."""
    waiting = {number for case in cases for number in having(case, FateKind.WAITS)}
    clauses = []
    if len(waiting) == len(speech.titles):
        clauses.append("mail waits everywhere")
        clauses.append(_say_ends(cases[0].mailers, waiting, speech))
        return "; ".join([*clauses, *_say_fates(cases, speech, ((FateKind.BOUNCES, "bounce"),))])
    clauses += _say_fates(cases, speech, _NOT_TAKEN)
    return "; ".join([*clauses, *([_say_ends(cases[0].mailers, waiting, speech)] if waiting else [])])


def _say_ends(mailers: Sequence[MailerForecast], waiting: Collection[int], speech: Speech) -> str:
    ordered = sorted(waiting, key=lambda number: (mailers[number].gives_up, number))
    first, last = ordered[0], ordered[-1]
    soonest, latest = (say_span(mailers[number].gives_up) for number in (first, last))
    if soonest == latest:
        return f"gives up after {soonest}"
    return f"first to give up: {speech.titles[first]} after {soonest}, last: {speech.titles[last]} after {latest}"


def say_range(soonest: float, latest: float) -> str:
    """At once, after 30 s, after up to 30 s, after 30 s to 5 min."""
    if latest < 1:
        return "at once"
    least, most = say_span(soonest), say_span(latest)
    if soonest < 1:
        return f"after up to {most}"
    return f"after {least}" if least == most else f"after {least} to {most}"
