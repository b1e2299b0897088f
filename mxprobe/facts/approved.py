"""What the operator of a domain approves, as the file of `--expect` says it.

Names are lower-case A-labels without a final dot.
"""

from msgspec import Struct

from mxprobe.facts.migration import ApprovedMx, Migration


class Approved(Struct, frozen=True, kw_only=True):
    """What the operator of `domain` approves; `path` is the file that says so. None: it does not say.

    `operators` are domains whose hosts may all be named by MX records, `nameservers` is the whole NS RRset.
    """

    path: str
    domain: str
    mx: tuple[ApprovedMx, ...] | None = None
    operators: tuple[str, ...] | None = None
    nameservers: tuple[str, ...] | None = None
    migration: Migration | None = None
