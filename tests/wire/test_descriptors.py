"""The limit of open descriptors."""

import pytest

from mxprobe.wire.descriptors import allow_many_connections

resource = pytest.importorskip("resource")


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = before
    if soft == resource.RLIM_INFINITY or soft < 64:
        pytest.skip("there is no limit to raise")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    try:
        allowed = allow_many_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == allowed
        assert allowed is not None
        assert allowed >= soft
        assert allow_many_connections() == allowed
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
