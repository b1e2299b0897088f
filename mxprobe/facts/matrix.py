"""What a look asked about recipients: which role each had, under which sender, and what allowed it.

The answers stand in the turns of the sessions; `mx.matrix` puts the two together.
"""

from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    """Why a recipient was asked about."""

    GOOD = "good"
    RANDOM = "random"
    POSTMASTER = "postmaster"
    FOREIGN = "foreign"


class Form(StrEnum):
    """How a foreign recipient is written: as it is, or so that a host makes it out of a name of its own domain."""

    PLAIN = ""
    PERCENT = "user%elsewhere@here"
    BANG = "elsewhere!user@here"
    ROUTE = "@here:user@elsewhere"


class RcptQuestion(Struct, frozen=True, kw_only=True):
    """One RCPT: the recipient, its role, and the sender of the envelope (empty: the null sender); `form` is that of a
    foreign recipient."""

    role: Role
    recipient: str
    sender: str = ""
    form: Form = Form.PLAIN


class AskedAbout(Struct, frozen=True, kw_only=True):
    """All questions that are put to one address, in the order they are put; those of one sender together.

    `sender` is the ordinary sender (empty: there was none but the null sender), `allowed_by` what allowed more than the
    good recipients (empty: nothing did, and `refused` says why, or nothing had to), `until` the last day of that.
    `shared` are hosts of large providers, which are asked about the good recipients alone. `patient`: what is answered
    by later is asked once more.
    """

    questions: tuple[RcptQuestion, ...] = ()
    sender: str = ""
    allowed_by: str = ""
    until: str = ""
    refused: str = ""
    shared: tuple[tuple[str, str], ...] = ()
    patient: bool = False

    @property
    def is_matrix(self) -> bool:
        """Whether more than the good recipients was asked about."""
        return any(question.role is not Role.GOOD for question in self.questions)
