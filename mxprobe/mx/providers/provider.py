"""What is known of a provider of mail: its MX names and their preferences, what else it wants, and how that is known.

Each group of cells has a grade of its own. What is remembered alone is worth no more than a note. VERIFIED says when
the rows were last compared with their sources; a row that was compared later says so itself.
Standards: RFC 5321 §5.1 (preferences); RFC 7208 §5.2 (what SPF includes).
"""

from enum import StrEnum

from msgspec import Struct

VERIFIED = "2026-11"
"""The month in which the table was last compared with its sources."""


class Grade(StrEnum):
    """What a group of cells rests on, the best first."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    REMEMBERED = "remembered"


class Role(StrEnum):
    """What becomes of mail at a provider."""

    MAILBOX = "mailbox"
    GATEWAY = "gateway"
    FORWARDER = "forwarder"
    API = "api"
    BOUNCE = "bounce"
    BACKUP = "backup"


class Mx(Struct, frozen=True, kw_only=True):
    """One record that a provider tells its customers to publish; `preference` None where none is known.

    `fallback`: it is meant to be tried last, as the provider documents it or its name says. `defers`: it says 4yz on
    purpose while a better host is up.
    """

    name: str
    preference: int | None = None
    fallback: bool = False
    defers: bool = False


class MxSet(Struct, frozen=True, kw_only=True):
    """Records that belong together. `enough`: so many of them are a whole set (0: all).

    `preferences` grades the numbers (None: none is known). `is_pool`: there are many machines behind each name, so
    that a name that lacks takes little away.
    """

    records: tuple[Mx, ...]
    names: Grade
    preferences: Grade | None = None
    enough: int = 0
    is_pool: bool = False

    @property
    def whole(self) -> int:
        """How many records are a whole set."""
        return self.enough or len(self.records)


class Further(Struct, frozen=True, kw_only=True):
    """A name that belongs to a provider, and to no set that it prescribes today; `legacy`: it calls it outdated."""

    name: str
    grade: Grade
    legacy: bool = False


class Spf(Struct, frozen=True, kw_only=True):
    """The terms of SPF of which one is expected where the provider sends, the one to propose first."""

    terms: tuple[str, ...]
    grade: Grade


class Note(Struct, frozen=True, kw_only=True):
    """Something else that is known, in words."""

    text: str
    grade: Grade


class EndOfLife(Struct, frozen=True, kw_only=True):
    """The last day of a service, as YYYY-MM-DD."""

    day: str
    grade: Grade


class Provider(Struct, frozen=True, kw_only=True):
    """A row. `operator` is whose it is: rows of one operator are nobody else's to each other. The first role counts.

    `sends`: users send from there, too. `exclusive` grades the wish to be the only MX (None: none is known).
    `has_order` False: its preferences are drawn, and tell no order. `claimable`: all customers have the same names, so
    that a domain nobody has claimed there can be claimed by another. `consumers` are domains of its own, where nobody
    asks for recipients. `nameless` says why no MX name tells the provider. `wrong_region` is the enhanced status code
    by which it documents that a domain is in another of its regions.
    """

    id: str
    name: str
    operator: str
    roles: tuple[Role, ...]
    sets: tuple[MxSet, ...] = ()
    further: tuple[Further, ...] = ()
    sends: bool = False
    exclusive: Grade | None = None
    has_order: bool = True
    claimable: Grade | None = None
    spf: Spf | None = None
    tls: Note | None = None
    notes: tuple[Note, ...] = ()
    consumers: tuple[str, ...] = ()
    ends: EndOfLife | None = None
    nameless: str = ""
    wrong_region: str = ""
    verified: str = VERIFIED

    @property
    def role(self) -> Role:
        """The role that counts."""
        return self.roles[0]

    @property
    def sends_by_mx(self) -> bool:
        """Whether the provider's own SPF terms let the MX hosts send."""
        return self.spf is not None and "mx" in self.spf.terms

    @property
    def includes(self) -> tuple[str, ...]:
        """The domains that SPF is expected to include, where that is more than remembered."""
        if self.spf is None or self.spf.grade is Grade.REMEMBERED:
            return ()
        terms = (term.removeprefix("include:") for term in self.spf.terms if term.startswith("include:"))
        return tuple(name for name in terms if "%" not in name and "{" not in name)


def records(*pairs: tuple[int | None, str]) -> tuple[Mx, ...]:
    """Plain records, from preferences and names."""
    return tuple(Mx(name=name, preference=preference) for preference, name in pairs)
