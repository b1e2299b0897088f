"""Adds tallies of domains up to the summary of a survey, in memory that does not grow with them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from mxprobe.facts.summary import Counted, MailerCount, Share, Summary, WayCount
from mxprobe.facts.tally import Extent, Known, Tally
from mxprobe.mx.tallied import WAYS

MOST_NAMES = 50_000
"""So many different operators, or reasons, are kept in mind; the rarest are forgotten."""

MOST_TOLD = 50
"""So many of the most frequent are named in a summary."""

_YES = (Known.YES.value, Extent.ALL.value)
_PARTLY = (Known.PARTLY.value, Extent.SOME.value)


class Frequent:
    """The most frequent of very many names. What is rare is forgotten in between: a count is `too_few` less at most."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()
        self.too_few = 0

    def add(self, names: Iterable[str]) -> None:
        """Count each name once more."""
        for name in names:
            self._counts[name] += 1
        if len(self._counts) > self._most:
            kept = Counter(dict(self._counts.most_common(self._most // 2)))
            self.too_few += max(count for name, count in self._counts.items() if name not in kept)
            self._counts = kept

    def top(self, most: int = MOST_TOLD) -> tuple[Counted, ...]:
        """The most frequent, and of equals the first by name."""
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Counted(name=name, domains=count) for name, count in ranked[:most])


class _Sum:
    """A share on the way."""

    def __init__(self) -> None:
        self._values: Counter[str] = Counter()

    def add(self, value: Known | Extent) -> None:
        self._values[value.value] += 1

    def share(self) -> Share:
        values = self._values
        unknown = values[Known.UNKNOWN.value]
        return Share(
            having=sum(values[value] for value in _YES),
            partly=sum(values[value] for value in _PARTLY),
            known=sum(values.values()) - unknown,
            unknown=unknown,
        )


_OF_CHAINS = ("has_backup", "starttls", "certificates", "dane", "mta_sts", "accepts")
_OF_SEVERAL = ("one_operator", "one_address", "one_network")


class Sums:
    """A summary on the way: tallies are added one by one."""

    def __init__(self) -> None:
        self._sums = {name: _Sum() for name in (*_OF_CHAINS, *_OF_SEVERAL)}
        self._counts: Counter[str] = Counter()
        self._reach, self._basis, self._found = Frequent(), Frequent(), Frequent()
        self._operators, self._throttled, self._untold = Frequent(), Frequent(), Frequent()
        self._differs, self._silent = Frequent(), Frequent()
        self._mailers: Counter[tuple[str, str, str]] = Counter()

    def add(self, tally: Tally) -> None:
        """Count one more domain."""
        counts = self._counts
        counts["domains"] += 1
        self._reach.add((tally.depth,))
        self._basis.add((tally.basis,))
        if tally.hosts:
            counts["with_hosts"] += 1
            self._operators.add((tally.operator,))
            for name in _OF_CHAINS:
                self._sums[name].add(getattr(tally, name))
        elif tally.has_backup is Known.UNKNOWN:
            for name in _OF_CHAINS:
                self._sums[name].add(Known.UNKNOWN)
        if tally.hosts > 1 or (tally.hosts and tally.one_operator is Known.UNKNOWN):
            counts["several"] += 1
            for name in _OF_SEVERAL:
                self._sums[name].add(getattr(tally, name))
        counts["excluded"] += bool(tally.excluded)
        self._throttled.add(tally.throttled)
        self._untold.add(tally.untold)
        self._differs.add(tally.differs)
        self._silent.add(tally.silent)
        self._add_judged(tally)

    def _add_judged(self, tally: Tally) -> None:
        """What follows from the facts."""
        counts = self._counts
        if tally.errors is not None:
            counts["judged"] += 1
            counts["erring"] += bool(tally.errors)
            counts["warned"] += bool(tally.warnings) and not tally.errors
            is_open = not tally.hosts and tally.has_backup is Known.UNKNOWN
            counts["unseen"] += is_open and not tally.errors and not tally.warnings
            self._found.add(tally.found)
        if tally.foretold:
            counts["foretold"] += 1
            for way in WAYS.values():
                for end in ("bounces", "waits", "unknown"):
                    for mailer in getattr(tally, f"{way}_{end}"):
                        self._mailers[way, mailer, end] += 1

    def pass_over(self) -> None:
        """Count a domain without a tally."""
        self._counts["domains"] += 1
        self._counts["untallied"] += 1

    def summary(self, *, cut_short: bool = False) -> Summary:
        """What it comes to."""
        frequent = (self._reach, self._basis, self._found, self._operators, self._throttled, self._untold)
        numbers: dict[str, Any] = {**self._counts, **{name: one.share() for name, one in self._sums.items()}}
        return Summary(
            cut_short=cut_short,
            reach=self._reach.top(),
            basis=self._basis.top(),
            forecast=tuple(WayCount(way=way, mailers=self._of_way(way)) for way in WAYS.values()),
            operators=self._operators.top(),
            throttled=self._throttled.top(),
            found=self._found.top(),
            untold=self._untold.top(),
            differs=self._differs.top(),
            silent=self._silent.top(),
            too_few=max(one.too_few for one in frequent),
            **numbers,
        )

    def _of_way(self, way: str) -> tuple[MailerCount, ...]:
        """The mailers that do not deliver to all domains, by name."""
        names = sorted({mailer for one, mailer, _ in self._mailers if one == way})
        ends = ("bounces", "waits", "unknown")
        return tuple(MailerCount(mailer=name, **{end: self._mailers[way, name, end] for end in ends}) for name in names)
