"""What a report tells of a forecast: a block with verdict and table for what changes where mail goes, else a sentence.

Ways of failing that end alike share a row, equal hosts share a block. Pairs and address families are told only where
they say more than the hosts one by one; JSON has every case. How it is set is for the formats to say.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.mx.forecast import FateKind, MailerForecast
from mxprobe.mx.profile import Grade
from mxprobe.mx.whatif import MOST_PAIRED, Case, CaseKind, Forecast, Model
from mxprobe.report.forecast_words import (
    Cases,
    Speech,
    enumerate_words,
    having,
    is_hopeless,
    is_singular,
    part_in_words,
    say_range,
    say_verdict,
    speech_of,
)
from mxprobe.report.words import count_of, say_span

_LONGEST_LABEL = 20
_NAMED = 6
_NOW = "As it is now"


class Table(Struct, frozen=True, kw_only=True):
    """Ways of failing, a row each: the way, who takes the mail and when, who keeps it, who gives it back."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Block(Struct, frozen=True, kw_only=True):
    """What changes where mail goes: a title ("if mx1 fails"), sentences, a table, sentences that stand below it."""

    title: str
    says: tuple[str, ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()


class ForecastTold(Struct, frozen=True, kw_only=True):
    """A forecast as a report tells it: `about` what it is of, its blocks, the rest in sentences, on what it rests."""

    about: str
    blocks: tuple[Block, ...]
    folded: tuple[str, ...]
    grounds: tuple[str, ...]


def tell_forecast(forecast: Forecast) -> ForecastTold:
    """All what-ifs, and what the forecast rests on."""
    speech = speech_of(forecast)
    parts = _by_part(forecast.cases)
    blocks, folded = _tell_hosts(forecast, parts, speech)
    if not _is_plain(forecast, parts):
        blocks.insert(0, _now(forecast.now, speech))
    return ForecastTold(
        about=_about(forecast), blocks=tuple(blocks), folded=tuple(folded), grounds=_grounds_of(forecast)
    )


def _about(forecast: Forecast) -> str:
    return f"for new mail from {count_of(len(forecast.modelled), 'modelled mailer')}"


def _now(case: Case, speech: Speech) -> Block:
    """The present in a sentence; with a table where the mailers part."""
    verdict = say_verdict((case,), speech)
    if having(case, FateKind.ACCEPTED, certain=True) == tuple(range(len(speech.titles))):
        ends = [end for mailer in case.mailers for end in mailer.prospects]
        when = say_range(min(end.soonest for end in ends), max(end.latest for end in ends))
        if len({_taken_by(mailer) for mailer in case.mailers}) == 1:
            return Block(title=_NOW, says=(_sentence(f"{verdict}, {when}"),))
    return Block(title=_NOW, says=(_sentence(verdict),), table=_table((case,), speech, ""))


def _grounds_of(forecast: Forecast) -> tuple[str, ...]:
    """On what it rests, and of whom it says nothing."""
    assumed = "Each host is assumed to answer and to take the mail; nothing is known of its TLS."
    nobody = enumerate_words(forecast.not_modelled)
    grades = f"Grades: {_grades(forecast.models)}."
    rest = [grades, f"{nobody} publish no rules for this and are not modelled."]
    if len({case.down for case in forecast.cases if case.kind is CaseKind.HOST}) > MOST_PAIRED:
        rest.insert(0, f"What happens when two hosts fail was not asked: the chain has more than {MOST_PAIRED}.")
    return (assumed, *rest) if forecast.assumed else tuple(rest)


def tell_chosen(forecast: Forecast) -> ForecastTold:
    """What a person asked about: a block for each part, whatever it changes."""
    speech = speech_of(forecast)
    blocks = []
    for cases in _by_part(forecast.cases):
        title, label = _heading(cases, speech)
        blocks.append(Block(title=title, table=_table(cases, speech, label), notes=_lost_tls(cases, speech)))
    return ForecastTold(about=_about(forecast), blocks=tuple(blocks), folded=(), grounds=_grounds_of(forecast))


def answer_chosen(forecast: Forecast) -> str:
    """What a person asked about in one sentence for each part."""
    speech = speech_of(forecast)
    sentences = []
    for cases in _by_part(forecast.cases):
        one = is_singular(cases[0])
        part = part_in_words(cases[0], speech)
        fails = f"{part} {'fails' if one else 'fail'}"
        if len(cases) == 1:
            fails = f"{part if one else f'each of {part}'} {cases[0].way}"
        sentences.append(f"if {fails}, {_verdict(forecast, cases, speech)}")
    return ". ".join(text if number == 0 else f"{text[0].upper()}{text[1:]}" for number, text in enumerate(sentences))


def _verdict(forecast: Forecast, cases: Cases, speech: Speech) -> str:
    if _is_unchanged(forecast, cases):
        return f"nothing changes for new mail: {say_verdict((forecast.now,), speech)}"
    return say_verdict(cases, speech)


def _by_part(cases: Iterable[Case]) -> list[tuple[Case, ...]]:
    found: dict[tuple[object, ...], list[Case]] = {}
    for case in cases:
        found.setdefault((case.kind, case.down, case.family, case.asked), []).append(case)
    return [tuple(group) for group in found.values()]


def _of_kind(parts: Iterable[Cases], kind: CaseKind) -> list[Cases]:
    return [cases for cases in parts if cases[0].kind is kind]


def _is_plain(forecast: Forecast, parts: Iterable[Cases]) -> bool:
    """All mailers reach any host of the best preference at once: then there is nothing to tell."""
    ends = [prospect for mailer in forecast.now.mailers for prospect in mailer.prospects]
    tiers = [cases[0].down for cases in parts if cases[0].kind in (CaseKind.PREFERENCE, CaseKind.HOST)]
    best = max((tier for tier in tiers if tiers[0][0] in tier), key=len)
    usual = all(_taken_by(mailer) == frozenset(best) for mailer in forecast.now.mailers)
    return usual and all(end.kind is FateKind.ACCEPTED and end.latest < 1 for end in ends)


def _is_unchanged(forecast: Forecast, cases: Cases) -> bool:
    now = [mailer.prospects for mailer in forecast.now.mailers]
    return all([mailer.prospects for mailer in case.mailers] == now for case in cases)


def _says_more(cases: Cases, bases: Sequence[Cases]) -> bool:
    """Whether some mailer meets a fate or a host that it meets in none of the bases, in the same way of failing."""
    for number, case in enumerate(cases):
        rows = [base[number if len(base) > 1 else 0].mailers for base in bases]
        for place, mailer in enumerate(case.mailers):
            known = [row[place] for row in rows]
            kinds = frozenset[FateKind]().union(*(one.kinds for one in known))
            hosts = frozenset[str]().union(*(one.hosts for one in known))
            if mailer.kinds - kinds or mailer.hosts - hosts:
                return True
            if mailer.loses_tls and not any(one.loses_tls for one in known):
                return True
    return False


def _tell_hosts(forecast: Forecast, parts: Sequence[Cases], speech: Speech) -> tuple[list[Block], list[str]]:
    """The blocks of hosts and preferences, and a sentence for each that needs no block."""
    single = {cases[0].down[0]: cases for cases in _of_kind(parts, CaseKind.HOST)}
    tiers, pairs = _of_kind(parts, CaseKind.PREFERENCE), _of_kind(parts, CaseKind.PAIR)
    equals = [_in_use(forecast, tier[0].down) for tier in tiers]
    news = [cases for cases in pairs if _says_more(cases, [single[name] for name in cases[0].down])]
    blocks: list[Block] = []
    folded: list[str] = []
    idle: list[str] = []
    alike: set[str] = set()
    for name, cases in single.items():
        mates = next((mates for mates in equals if name in mates), ())
        if name in alike:
            continue
        if _is_unchanged(forecast, cases):
            idle.append(name)
        elif is_hopeless(cases):
            folded.append(_line(cases, speech))
        elif block := _block_of_equals(mates, single, speech):
            blocks.append(block)
            alike.update(mates)
        else:
            with_it = [pair for pair in news if pair[0].down[0] == name]
            news = [pair for pair in news if pair not in with_it]
            block = _block(cases, speech)
            blocks.append(replace(block, notes=(*block.notes, *_down_too(with_it, speech))))
    for cases in tiers:
        if _says_more(cases, [single[name] for name in cases[0].down]):
            if is_hopeless(cases):
                folded.append(_line(cases, speech))
            else:
                blocks.append(_block(cases, speech))
    for mates in equals:
        told, news = _any_two_of(mates, news, speech)
        folded += told
    folded += [_line(cases, speech) for cases in [*news, *_families(forecast, parts)]]
    if idle:
        folded.append(f"If {speech.hosts(idle)} fails, nothing changes for new mail.")
    return blocks, folded


def _in_use(forecast: Forecast, hosts: Iterable[str]) -> tuple[str, ...]:
    """Those of equal hosts that take mail as it is now."""
    taken = frozenset[str]().union(*map(_taken_by, forecast.now.mailers))
    return tuple(name for name in hosts if name in taken)


def _any_two_of(mates: Sequence[str], pairs: Sequence[Cases], speech: Speech) -> tuple[list[str], list[Cases]]:
    """A sentence for any two of equal hosts, where it does not matter which two fail; and the pairs that are left."""
    within = [cases for cases in pairs if set(cases[0].down) < set(mates)]
    verdicts = {say_verdict(cases, _with_others(speech, mates, cases[0].down)) for cases in within}
    if len(verdicts) != 1 or len(within) != len(mates) * (len(mates) - 1) // 2:
        return [], list(pairs)
    line = f"If any two of {_equals(mates, speech, ', ')} fail: {verdicts.pop()}."
    return [line], [cases for cases in pairs if cases not in within]


def _with_others(speech: Speech, mates: Sequence[str], down: Sequence[str]) -> Speech:
    """Words that call the equals of what is down "the others"."""
    rest = frozenset(mates) - frozenset(down)
    return replace(speech, others=(rest, "the other" if len(rest) == 1 else "the others"))


def _equals(mates: Sequence[str], speech: Speech, between: str) -> str:
    """Equal hosts by their names; where they are many, by their number."""
    return between.join(map(speech.host, mates)) if len(mates) <= _NAMED else f"{len(mates)} equal hosts"


def _families(forecast: Forecast, parts: Iterable[Cases]) -> list[Cases]:
    """The families whose failure changes where mail goes."""
    return [cases for cases in _of_kind(parts, CaseKind.FAMILY) if _says_more(cases, [(forecast.now,)])]


def _down_too(pairs: Iterable[Cases], speech: Speech) -> list[str]:
    """What a second host's failure adds to the block of the first; hosts that add the same share a sentence."""
    groups: dict[str, list[str]] = {}
    for cases in pairs:
        groups.setdefault(say_verdict(cases, speech), []).append(cases[0].down[1])
    return [f"If {speech.hosts(hosts)} is down too: {verdict}." for verdict, hosts in groups.items()]


def _line(cases: Cases, speech: Speech) -> str:
    verb = "fails" if is_singular(cases[0]) else "fail"
    return f"If {part_in_words(cases[0], speech)} {verb}: {say_verdict(cases, speech)}."


def _block_of_equals(mates: Sequence[str], single: dict[str, Cases], speech: Speech) -> Block | None:
    """One block for equal hosts of a preference, where it does not matter which of them fails."""
    title = f"If one of {_equals(mates, speech, ' ')} fails"
    blocks = {_body(title, single[name], _with_others(speech, mates, (name,)), "if one of them") for name in mates}
    return blocks.pop() if len(blocks) == 1 and len(mates) > 1 else None


def _block(cases: Cases, speech: Speech) -> Block:
    """A heading, the verdict grouped by fate, and the table."""
    title, label = _heading(cases, speech)
    return _body(title, cases, speech, label)


def _heading(cases: Cases, speech: Speech) -> tuple[str, str]:
    """The heading of a part, and what stands above its ways of failing."""
    part = part_in_words(cases[0], speech)
    label = f"if {part}"
    title = f"If {part} {'fails' if is_singular(cases[0]) else 'fail'}"
    return title, label if len(label) <= _LONGEST_LABEL else "way of failing"


def _body(title: str, cases: Cases, speech: Speech, label: str) -> Block:
    verdict = _sentence(say_verdict(cases, speech))
    table, lost = _table(cases, speech, label), _lost_tls(cases, speech)
    return Block(title=title, says=(verdict,), table=table, notes=lost)


def _lost_tls(cases: Cases, speech: Speech) -> tuple[str, ...]:
    """Whose mail has TLS as things are, and would go to which host without."""
    lost = {number for case in cases for number, mailer in enumerate(case.mailers) if mailer.loses_tls}
    if not lost:
        return ()
    ends = [end for case in cases for mailer in case.mailers if mailer.loses_tls for end in mailer.prospects]
    hosts = {end.host for end in ends if end.clear and end.host}
    return (f"TLS is lost on the way to {speech.hosts(hosts)}: mail from {speech.who(lost)} travels in clear.",)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _table(cases: Cases, speech: Speech, label: str) -> Table:
    """A row for each way of failing, ways that end alike in one."""
    ends = {_taken_by(mailer) for case in cases for mailer in case.mailers} - {frozenset()}
    one = next(iter(ends)) if len(ends) == 1 else None
    rows: dict[tuple[str, str, str], list[str]] = {}
    for case in cases:
        cells = (_accepted(case, speech, named=one is None), _waiting(case, speech), _bounced(case, speech))
        rows.setdefault(cells, []).append(case.way or "now")
    head = (label, f"goes to {speech.hosts(one)}" if one else "goes to", "waits", "bounces")
    told = [
        ("fails in any way" if len(ways) == len(cases) > 1 else ", ".join(ways), *(cell or "-" for cell in cells))
        for cells, ways in rows.items()
    ]
    return Table(head=head, rows=tuple(told))


def _taken_by(mailer: MailerForecast) -> frozenset[str]:
    found = (end.host for end in mailer.prospects if end.kind is FateKind.ACCEPTED)
    return frozenset(host for host in found if host is not None)


def _accepted(case: Case, speech: Speech, *, named: bool) -> str:
    """Who reaches which host, and when: "all 3, at once"; and who comes to a host that nobody knows."""
    groups: dict[tuple[frozenset[str], bool], list[int]] = {}
    for number in having(case, FateKind.ACCEPTED):
        mailer = case.mailers[number]
        groups.setdefault((_taken_by(mailer), len(mailer.kinds) == 1), []).append(number)
    parts = []
    for (hosts, certain), who in groups.items():
        ends = [end for number in who for end in case.mailers[number].prospects if end.kind is FateKind.ACCEPTED]
        when = say_range(min(end.soonest for end in ends), max(end.latest for end in ends))
        to = f" to {speech.hosts(hosts)}" if named else ""
        parts.append(f"{'' if certain else 'perhaps '}{speech.who(who)}{to}, {when}")
    strange: dict[frozenset[str], list[int]] = {}
    for number in having(case, FateKind.UNKNOWN):
        strange.setdefault(case.mailers[number].hosts - _taken_by(case.mailers[number]), []).append(number)
    parts += [f"{speech.who(who)} to {speech.hosts(hosts)}, not known" for hosts, who in strange.items()]
    return "; ".join(parts)


def _waiting(case: Case, speech: Speech) -> str:
    """Who keeps the mail, when they try again and when they give up."""
    waits = having(case, FateKind.WAITS)
    if not waits:
        return ""
    mailers = [case.mailers[number] for number in waits]
    again = [mailer.again for mailer in mailers if mailer.again is not None]
    tries = f"; again after {_span(again)}" if again else ""
    return f"{_perhaps(case, FateKind.WAITS, speech)}{tries}, gives up after {_span([one.gives_up for one in mailers])}"


def _span(seconds: Sequence[float]) -> str:
    least, most = say_span(min(seconds)), say_span(max(seconds))
    return least if least == most else f"{least} to {most}"


def _perhaps(case: Case, kind: FateKind, speech: Speech) -> str:
    certain = having(case, kind, certain=True)
    rest = [number for number in having(case, kind) if number not in certain]
    parts = ([speech.who(certain)] if certain else []) + ([f"perhaps {speech.who(rest)}"] if rest else [])
    return " ".join(parts)


def _bounced(case: Case, speech: Speech) -> str:
    """Who gives the mail back, and by which cell of the outcome table."""
    groups: dict[tuple[str, bool], list[int]] = {}
    for number in having(case, FateKind.BOUNCES):
        mailer = case.mailers[number]
        cell = next(end.cell for end in mailer.prospects if end.kind is FateKind.BOUNCES)
        groups.setdefault((cell or "", len(mailer.kinds) == 1), []).append(number)
    return "; ".join(
        f"{'' if certain else 'perhaps '}{speech.who(who)} ({cell})" for (cell, certain), who in groups.items()
    )


def _grades(models: Iterable[Model]) -> str:
    """On what the statements about the mailers rest, best first; mailers of one grade together."""
    groups: dict[tuple[Grade, ...], list[str]] = {}
    for model in models:
        groups.setdefault(model.grades, []).append(model.title)
    ranked = sorted(groups, key=lambda grades: list(Grade).index(grades[0]) if grades else len(Grade))
    return "; ".join(f"{', '.join(groups[grades])} {_grades_in_words(grades)}" for grades in ranked)


def _grades_in_words(grades: tuple[Grade, ...]) -> str:
    rest = " and ".join(grade.value for grade in grades if grade is not Grade.MEASURED)
    measured = "measured" if Grade.MEASURED in grades else ""
    return " and ".join(filter(None, (measured, f"from {rest}" if rest else ""))) or "as the reference"
