"""mxprobe as a library: the jobs a person can ask for, each under its own name.

Nothing is loaded before it is asked for, so that `import mxprobe` costs nothing. A public name is never the name of a
room: `mxprobe.probe` is a package, the job that probes is `mxprobe.look`.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "look": "mxprobe.jobs.look:look",
    "LookOptions": "mxprobe.jobs.look:LookOptions",
    "look_again": "mxprobe.jobs.look_again:look_again",
    "look_at_zone": "mxprobe.jobs.look_at_zone:look_at_zone",
    "what_if": "mxprobe.jobs.what_if:what_if",
    "survey": "mxprobe.jobs.survey.survey:survey",
    "SurveyOptions": "mxprobe.jobs.survey.survey:SurveyOptions",
    "EntryList": "mxprobe.jobs.survey.listing:EntryList",
    "MannerOptions": "mxprobe.jobs.survey.manner:MannerOptions",
    "make_manner": "mxprobe.jobs.survey.manner:make_manner",
    "play": "mxprobe.jobs.play:play",
    "PlayOptions": "mxprobe.jobs.play:PlayOptions",
    "hold": "mxprobe.jobs.hold:hold",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
