"""Why an answer is not what its zone has signed: the reasons of a validator, for whoever judges by its word alone.

How they are found is worked out in `dnssec` and `signatures`, which load what can check a signature.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why an answer is not secure: from NO_ANSWER on nothing is known, and from NOT_SIGNED on it need not be."""

    UNSIGNED = "unsigned"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_KEY = "wrong-key"
    BAD_SIGNATURE = "bad-signature"
    NO_KEYS = "no-keys"
    UNTRUSTED_KEYS = "untrusted-keys"
    NO_PROOF = "no-proof"
    NO_ANSWER = "no-answer"
    TOO_MUCH = "too-much"
    NOT_SIGNED = "not-signed"
    OPT_OUT = "opt-out"
    UNKNOWN_ALGORITHM = "unknown-algorithm"
    TOO_MANY_ITERATIONS = "too-many-iterations"
