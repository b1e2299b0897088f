"""What stands behind --threshold: a figure of --format nagios and its bounds."""

from collections.abc import Sequence
from math import isfinite

from mxprobe.errors import InputError
from mxprobe.report.nagios import FIGURES, Threshold


def parse_thresholds(words: Sequence[str]) -> tuple[Threshold, ...]:
    """Bounds of figures: "connect=0.5:2" is a warning above 0.5 and critical above 2, "cert=14:7" a warning below 14.

    Raises InputError.
    """
    found: dict[str, Threshold] = {}
    for word in words:
        name, equals, bounds = word.partition("=")
        if name not in FIGURES or not equals:
            hint = "\n".join(f"  {figure:<8} {told}" for figure, (_, told) in FIGURES.items())
            raise InputError(f"--threshold {word}: write FIGURE=WARNING or FIGURE=WARNING:CRITICAL", hint=hint)
        if name in found:
            raise InputError(f"--threshold {word}: {name} has its bounds already")
        warning, _, critical = bounds.partition(":")
        least = FIGURES[name][0]
        threshold = Threshold(name=name, warning=_number(word, warning), critical=_number(word, critical), least=least)
        if threshold.warning is None and threshold.critical is None:
            raise InputError(f"--threshold {word}: say a number, such as {name}=2:5")
        _check_order(word, threshold)
        found[name] = threshold
    return tuple(found.values())


def _number(word: str, text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number) or number < 0:
        raise InputError(f"--threshold {word}: {text} is no number of 0 or more")
    return number


def _check_order(word: str, threshold: Threshold) -> None:
    warning, critical = threshold.warning, threshold.critical
    if warning is None or critical is None:
        return
    if warning < critical if threshold.least else warning > critical:
        way = "below" if threshold.least else "above"
        raise InputError(f"--threshold {word}: the warning comes first: {way} {warning:g} lies {way} {critical:g}")
