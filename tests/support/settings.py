"""Settings of faults, drawn by their types, and how often a fault strikes, for tests that make stories up."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import fields

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault, Often, Only, Per

Settings = Mapping[Any, st.SearchStrategy[Any]]


def faults_of(kind: type[Fault], settings: Settings, hosts: tuple[str, ...]) -> st.SearchStrategy[Fault]:
    """The fault with any settings; those that are hosts are `hosts`."""
    drawn = {field.name: settings_of(field.type, settings, hosts) for field in fields(kind)}
    return st.builds(kind, **drawn)


def settings_of(kind: Any, settings: Settings, hosts: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """One setting of a type."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(kind)
    return settings.get(kind, st.just(hosts))


def onlys(phase: Phase | None) -> st.SearchStrategy[Only]:
    """How often, as far as it can be counted in the phase."""
    found = [
        Only(),
        Only(often=Often.FIRST, count=2),
        Only(often=Often.EVERY, count=3),
        Only(often=Often.AFTER, count=0),
        Only(often=Often.ODDS, count=4),
    ]
    if phase is None:
        return st.just(Only())
    if phase is not Phase.CONNECT:
        found.append(Only(often=Often.FIRST, count=1, per=Per.SESSION))
    if phase in (Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT):
        found.append(Only(often=Often.FIRST, count=2, per=Per.MESSAGE))
    return st.sampled_from(found)
