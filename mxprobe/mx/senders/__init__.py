"""The mailers that are modelled, one file each, and how a file or a flag names one."""

import hashlib
from difflib import get_close_matches

import msgspec
from msgspec.structs import replace

from mxprobe.mx.cells import CELLS
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.profile import Profile
from mxprobe.mx.retry import longest_wait
from mxprobe.mx.senders import (
    exchange_online,
    exim,
    haraka,
    kumomta,
    maddy,
    mox,
    one_shot,
    opensmtpd,
    postfix,
    qmail,
    rfc5321,
    sendmail,
    stalwart,
)

PROFILES: tuple[Profile, ...] = (
    rfc5321.PROFILE,
    postfix.PROFILE,
    exim.PROFILE,
    opensmtpd.PROFILE,
    sendmail.PROFILE,
    qmail.PROFILE,
    haraka.PROFILE,
    mox.PROFILE,
    stalwart.PROFILE,
    maddy.PROFILE,
    kumomta.PROFILE,
    exchange_online.PROFILE,
    one_shot.PROFILE,
)

MODELLED = tuple(profile for profile in PROFILES if profile.name not in ("rfc5321", "one-shot", "exchange-online"))
"""The profiles that stand for a mailer people run, and of which it is known how they walk a chain."""

TOO_OLD = "E3"
"""The cell of mail that has become too old: what differs there is how long a mailer's queue keeps it."""

NOBODY_LEFT = "E1"
"""The cell of a round that came to its end: what differs there is how many addresses a mailer tries in one."""

WAITED_FOR = {"B5": "banner", "T17": "tls", "R7": "rcpt", "Z5": "dot"}
"""The cells that are timeouts and nothing else, and which: what differs there is how long a mailer waits."""

REMEMBERED = "C5"
"""The cell of a host that is passed over: what differs there is whether a mailer remembers any."""

NOT_MODELLED = ("Gmail", "Outlook.com", "Yahoo", "Exchange Online")
"""Large senders that publish no rules for this."""


class NoSuchSender(KeyError):
    """No profile or TLS policy has this name; `near` are names like it."""

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.near = near


def find_profile(name: str) -> Profile:
    """The profile of this name. Raises NoSuchSender."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise NoSuchSender(name, tuple(get_close_matches(name, [profile.name for profile in PROFILES])))


def fingerprint(profile: Profile) -> str:
    """Twelve hexadecimal digits that change whenever anything in the profile does that decides where mail goes.

    What a profile leaves as it is by default is left out: what others may come to say changes nothing for it.
    """
    told = replace(
        profile,
        title="",
        version="",
        apart=(),
        deviations=tuple(replace(one, because="", evidence="") for one in profile.deviations),
    )
    said = _without_defaults(msgspec.to_builtins(told, order="deterministic"))
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()[:12]


def _without_defaults(value: object) -> object:
    """Everything that says something: not what is empty, zero or false."""
    if isinstance(value, dict):
        return {key: said for key, one in value.items() if (said := _without_defaults(one))}
    if isinstance(value, list | tuple):
        return [_without_defaults(one) for one in value]
    return value


def parse_sender(label: str) -> tuple[Profile, TlsPolicy]:
    """The profile and TLS policy of "postfix" or "postfix+encrypt". Raises NoSuchSender for either part."""
    name, plus, word = label.partition("+")
    profile = find_profile(name)
    if not plus:
        return profile, profile.tls
    try:
        return profile, TlsPolicy(word)
    except ValueError:
        raise NoSuchSender(word, tuple(get_close_matches(word, list(TlsPolicy)))) from None


def departs(profile: Profile, policy: TlsPolicy, cell: str) -> bool:
    """Whether a mailer departs from the reference in `cell`: by ruling, policy, limits, memory or patience."""
    if profile.deviation(cell, policy=policy) is not None or policy is not profile.tls:
        return True
    if cell in WAITED_FOR:
        return waits_for(profile, cell) != waits_for(PROFILES[0], cell)
    if cell == REMEMBERED:
        return profile.memory is not None
    if cell == NOBODY_LEFT:
        return profile.limits != PROFILES[0].limits
    return cell == TOO_OLD and longest_wait(profile.schedule) != longest_wait(PROFILES[0].schedule)


def waits_for(profile: Profile, cell: str) -> float:
    """How many seconds a mailer waits before it meets this cell, one of WAITED_FOR."""
    return float(getattr(profile.timeouts, WAITED_FOR[cell]))


def told_apart(cell: str, policy: TlsPolicy, others: tuple[TlsPolicy, ...]) -> bool:
    """Whether the table has senders of this policy do something else in `cell` than those of another."""
    own = CELLS[cell].action_under(policy)
    return any(CELLS[cell].action_under(other) is not own for other in others)
