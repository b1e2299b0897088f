"""What the journal of a survey has of one entry when its line is to be told: all that a snapshot is made of.

Facts are the JSON that the workers sent, so that whoever tells decodes what is seen by many entries only once. Where
an address stands in the chain follows from the answers, and is not kept.
"""

from msgspec import Struct

from mxprobe.facts.session import Endpoint
from mxprobe.facts.survey import Entry


class VisitMaterial(Struct, frozen=True, kw_only=True):
    """What became of one errand, for one entry.

    `sessions` is the JSON of a tuple of `Session`, None where there was none to be had: `failure` says why. `visit`
    numbers the visit in the journal: two entries with the same number share these sessions, octet by octet. `turns` is
    the JSON of the tuple of `Turn`, masked, that the session with the number `session` has about this entry alone; None
    where the endpoint was not asked about it, or did not come so far. `taken` is how many recipients it took, where
    all else in these turns was answered with 2yz as well; else 0.
    """

    key: str
    endpoint: Endpoint
    visit: int = 0
    sessions: bytes | None = None
    throttled: bool = False
    session: int | None = None
    turns: bytes | None = None
    taken: int = 0
    place: str = ""
    failure: str = ""


class Material(Struct, frozen=True, kw_only=True):
    """One entry, what the DNS said, and its visits: of one endpoint that of the first place first.

    `answers` is the JSON of the tuple of `Answer` up to the first about addresses, `hosts` that of those from there on.
    `failure`: no worker could ask the DNS about this entry, and why; then there are no answers. `silent` are the
    vantage points from which nobody at all was heard so far, while others heard somebody (`mx.vantages`).
    """

    entry: Entry
    started_at: float
    elapsed: float
    answers: bytes = b"[]"
    hosts: bytes = b"[]"
    visits: tuple[VisitMaterial, ...] = ()
    failure: str = ""
    silent: tuple[str, ...] = ()
