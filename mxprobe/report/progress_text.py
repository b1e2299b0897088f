"""Tells how far a survey is: lines for a terminal that are drawn anew, one line for a log, and one for the end.

Rates are those between two moments; the first may be the start. How long it takes is told where the list's length is
known: what is left of it, at the rate at which entries are told, and not before the last operator has rested.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from mxprobe.facts.progress import Counts, Progress
from mxprobe.facts.survey import Depth, Pace
from mxprobe.report.words import count_of, cut, say_span

_MOST_OPERATORS = 3


def render_progress(now: Progress, since: Progress | None = None, width: int = 100) -> list[str]:
    """The lines of a terminal, of at most `width` columns; rates are those since the other moment, or the start."""
    done, lines = now.done, []
    share = f", {now.share_listed:.0%} of the list" if now.share_listed is not None else ""
    lines.append(_row("read", done.listed, None, f"entries{share}"))
    lines.append(_row("resolved", done.resolved, _rate("resolved", now, since), f"{done.queries:,} queries"))
    if now.depth.reaches(Depth.CONNECT):
        more = [f"of {done.errands:,} endpoints, {now.in_flight:,} sessions in flight"]
        more += [f"{now.waiting:,} put off"] if now.waiting else []
        lines.append(_row("visited", done.visited, _rate("visited", now, since), ", ".join(more)))
    lines.append(_row("told", done.told, _rate("told", now, since), _ending(now, since)))
    lines += [f" {'throttled':<10}{text}" for text in _operators(now)]
    return [cut(line, width) for line in lines]


def render_progress_line(now: Progress, since: Progress | None = None) -> str:
    """The same in one line, for a log."""
    done = now.done
    parts = [f"{done.listed:,} read", f"{done.resolved:,} resolved ({_rate('resolved', now, since):,.0f}/s)"]
    if now.depth.reaches(Depth.CONNECT):
        rate = _rate("visited", now, since)
        parts.append(f"{done.visited:,} of {done.errands:,} endpoints visited ({rate:,.0f}/s)")
    parts.append(f"{done.told:,} told")
    if now.paces:
        parts.append(f"{count_of(len(now.paces), 'operator')} throttled")
    return f"survey: {_span(now.at - now.started_at)}: {', '.join(parts)}; {_ending(now, since)}"


def render_end(last: Progress, out: str) -> str:
    """What was done and how long it took, in one line."""
    done = last.done
    again = f" ({last.before.told:,} of them in an earlier run)" if last.before.told else ""
    visits = ""
    if last.depth.reaches(Depth.CONNECT):
        visits = f"{count_of_many(done.visited, 'endpoint')} visited with {count_of_many(done.sessions, 'session')}, "
    throttled = f", {count_of(len(last.paces), 'operator')} throttled" if last.paces else ""
    where = "results on standard output" if out == "-" else f"results in {cut(out, 200)}"
    return (
        f"surveyed {count_of_many(done.told, 'domain')}{again} in {_span(last.at - last.started_at)}: "
        f"{visits}{count_of_many(done.queries, 'DNS query', 'DNS queries')}{throttled}; {where}"
    )


def count_of_many(number: int, thing: str, things: str | None = None) -> str:
    """1 domain, 1,000,000 domains."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def seconds_left(now: Progress, since: Progress | None = None) -> float | None:
    """How long it will take; None where nobody can tell."""
    if not now.share_listed:
        return None
    all_entries = now.done.listed / now.share_listed
    left, rate = max(all_entries - now.done.told, 0.0), _rate("told", now, since)
    if left and not rate:
        return None
    rests = max((pace.rests_until - now.at for pace in now.paces), default=0.0) if now.waiting else 0.0
    return max(left / rate if left else 0.0, rests)


def _span(seconds: float) -> str:
    """A span with its seconds below an hour."""
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes} min {left} s" if 0 < minutes < 60 and left else say_span(seconds)


def _rate(name: str, now: Progress, since: Progress | None) -> float:
    """So many a second."""
    then, start = (since.done, since.at) if since is not None else (now.before, now.started_at)
    span = now.at - start
    return max(_count(now.done, name) - _count(then, name), 0) / span if span > 0 else 0.0


def _count(counts: Counts, name: str) -> int:
    number: int = getattr(counts, name)
    return number


def _ending(now: Progress, since: Progress | None) -> str:
    left = seconds_left(now, since)
    return "nobody can tell yet how long it takes" if left is None else f"about {say_span(left)} left"


def _row(label: str, number: int, rate: float | None, more: str) -> str:
    speed = "" if rate is None else f"{rate:,.0f}/s"
    return f" {label:<10}{number:>12,}  {speed:>9}  {more}".rstrip()


def _operators(now: Progress) -> Sequence[str]:
    """A line for each of the first operators that made us slow down, and how many more there are."""
    lines = [_operator(pace, now.at) for pace in now.paces[:_MOST_OPERATORS]]
    more = len(now.paces) - len(lines)
    return [*lines, f"and {count_of(more, 'more operator')}"] if more else lines


def _operator(pace: Pace, now: float) -> str:
    place = f" from {pace.place}" if pace.place else ""
    if pace.rests_until > now:
        clock = datetime.fromtimestamp(pace.rests_until, UTC).strftime("%H:%M:%S UTC")
        return f"{cut(pace.operator, 40)}{place}: left alone until {clock} (in {say_span(pace.rests_until - now)})"
    return f"{cut(pace.operator, 40)}{place}: {count_of(pace.at_once, 'session')} at once, {pace.spacing:.1f} s apart"
