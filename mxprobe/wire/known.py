"""Answers that are remembered for as long as their records last, at most so many.

What is given again is the answer as it came: TTLs, tries, elapsed time and server are those of the asking, not of the
remembering. A failure is remembered for half a minute, so that a broken zone that many domains name is not asked for
each of them.

Twenty thousand answers of one record are 11 MB.

Standards: RFC 1035 §3.2.1 (TTLs), RFC 2308 §5, §7 (absence, and failures).
"""

from mxprobe.facts.dns import Answer, AnswerStatus, Question

_LONGEST = 86400.0
_LONGEST_ABSENCE = 10800.0
"""RFC 2308 §5."""

_FAILURE = 30.0
"""RFC 2308 §7 allows five minutes."""

_FAILURES = frozenset({AnswerStatus.SERVFAIL, AnswerStatus.REFUSED, AnswerStatus.TIMEOUT, AnswerStatus.MALFORMED})


class Known:
    """The memory. Of more than `most` answers those go that nobody has wanted for longest, half of them at a time."""

    def __init__(self, most: int) -> None:
        self._half = max(most // 2, 1)
        self._young: dict[Question, tuple[float, Answer]] = {}
        self._old: dict[Question, tuple[float, Answer]] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, question: Question, now: float) -> Answer | None:
        """The answer to a question, where it is known at that time."""
        entry = self._young.get(question)
        if entry is None:
            entry = self._old.pop(question, None)
            if entry is None:
                return None
            if entry[0] > now:
                self._put(question, entry)
        return entry[1] if entry[0] > now else None

    def keep(self, answer: Answer, now: float) -> None:
        """Remember an answer for as long as it says."""
        lasts = lifetime(answer)
        if lasts > 0:
            self._put(answer.question, (now + lasts, answer))

    def _put(self, question: Question, entry: tuple[float, Answer]) -> None:
        young = self._young
        if len(young) >= self._half:
            self._old, self._young = young, {}
            young = self._young
        young[question] = entry


def lifetime(answer: Answer) -> float:
    """For how many seconds an answer may be given again; 0 where its server says that it may not."""
    status = answer.status
    if status is AnswerStatus.FOUND:
        records = answer.records
        lasts: float = min(records[0].ttl, _LONGEST) if records else 0.0
    elif status is AnswerStatus.NODATA or status is AnswerStatus.NXDOMAIN:
        lasts = min(answer.negative_ttl or 0, _LONGEST_ABSENCE)
    else:
        return _FAILURE if status in _FAILURES and answer.tries else 0.0
    for alias in answer.aliases:
        lasts = min(lasts, alias.ttl)
    return lasts
