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


def say_silent_place(place: str) -> str:
    """A place from which nobody was heard, once for all that it did not see."""
    return (
        f"From {place} nobody was heard, and others heard somebody: port 25 seems to be blocked there. It was compared"
        " with no other place."
    )


_COUNTED = {
    Showing.ANSWER: "a host answers at one place and not, or not us, at another",
    Showing.BANNER: "another code in the greeting",
    Showing.STARTTLS: "STARTTLS is offered, or works, at one place alone",
    Showing.CERTIFICATE: "another certificate, or another verdict about it",
    Showing.RECIPIENT: "a recipient is accepted at one place and refused at another",
}


def say_counted(showing: str) -> str:
    """What domains are counted for, in a summary."""
    return _COUNTED[Showing(showing)] if showing in set(Showing) else showing


NAMES_ASKED = "Names were asked for at the first place alone: what name servers tell the others was not seen."
