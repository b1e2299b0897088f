"""How many connections this process may hold open: each is a descriptor, and most systems give a process 1,024."""

import contextlib

try:
    import resource
except ImportError:  # Windows counts handles, and has plenty
    resource = None  # type: ignore[assignment]

_PLENTY = 65536
"""What is asked for where the system names no end."""


def allow_many_connections() -> int | None:
    """Raise the soft limit of open descriptors to the hard one; the limit that then holds, None where there is none.

    For whoever means to hold thousands of sessions at once; the limit is this process's, and its children's.
    """
    if resource is None:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _PLENTY if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # some systems have an end of their own below the one they name
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else soft
