"""Vantage points in words for people: what one place saw and another did not, and places that are blocked."""

from mxprobe.facts.vantages import Differs, Showing, Shown

_SHOWING = {
    Showing.ANSWER: "",
    Showing.BANNER: "greeting ",
    Showing.STARTTLS: "STARTTLS ",
    Showing.CERTIFICATE: "certificate ",
    Showing.RECIPIENT: "",
}


def say_differs(differs: Differs) -> str:
    """One difference in one line: `mx1.example.com/192.0.2.10: from eu answers; from us does not answer`."""
    subject = f" {differs.subject}" if differs.subject else ""
    sides = "; ".join(_say_side(differs.showing, shown) for shown in differs.places)
    about = " (about the place, not the host)" if differs.about_place else ""
    return f"{differs.endpoint}{subject}: {sides}{about}"


def _say_side(showing: Showing, shown: Shown) -> str:
    return f"from {shown.place} {_SHOWING[showing]}{shown.what}"


def say_silent_place(place: str, unheard: int) -> str:
    """A place from which nothing was heard, once for all that it did not see."""
    return (
        f"From {place} none of {unheard} addresses answered, and others heard them: port 25 seems to be blocked there."
        " Nothing was compared with it."
    )


def say_where_names_were_asked(place: str) -> str:
    """What a survey with several places does not see."""
    return f"Names were asked for at {place} alone: what name servers tell other places was not seen."
