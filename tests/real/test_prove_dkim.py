"""Signed messages over real mailers: Exim verifies what a Postfix has handed on, as it came or changed."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from mxprobe.errors import InputError
from mxprobe.mx.proving import Grade
from mxprobe.wire.dkim import Signer
from tests.support.mailers import Tree
from tests.support.pairs import RETURNS, ZONE, grades_of, pairs_in_a_network
from tests.wire.test_dkim import write_key

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(120)]

ACL = "accept add_header = :at_start:${authresults {$primary_hostname}}\n"
"""Lets Exim note what it found of a signature."""


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return write_key(tmp_path / "key.pem", rsa.generate_private_key(65537, 2048))


def _zone(record: str) -> str:
    """The zone of all pairs with the key in it: a TXT record's strings hold 255 octets each."""
    parts = " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200))
    return f"{ZONE}k._domainkey.probe.test. 60 IN TXT {parts}\n"


@pytest.mark.parametrize(
    ("changes", "codes"),
    [({}, []), ({"body_checks": "regexp:{{/^Nothing needs/ REPLACE Nothing at all needs to be done.}}"}, ["MX859"])],
    ids=["leaves-it", "changes-it"],
)
def test_a_backup_that_changes_the_body_breaks_the_signature(
    changes: dict[str, str], codes: list[str], tree: Tree, tmp_path: Path, key: Path
) -> None:
    zone = _zone(Signer("probe.test", "k", key).record)
    with pairs_in_a_network(tree, tmp_path, zone) as make:
        pair = make(("exim", "postfix"), primary={"extra": {"acl_smtp_data": "/rig/noting"}}, backup={"extra": changes})
        assert pair.primary is not None
        (pair.primary.home / "noting").write_text(ACL)
        proved = pair.prove(dkim_key=key, dkim_selector="k")

    assert grades_of(proved) == {"mx1.kept.test": Grade.WHILE_UP, "mx2.kept.test": Grade.WHILE_UP}
    assert [one.code for judgement in proved.judgements for one in judgement.findings] == codes
    assert "MX859" not in [one.code for one in proved.judgements if one.reason]


def test_a_key_that_nobody_can_find_is_refused_before_anything_is_sent(tree: Tree, tmp_path: Path, key: Path) -> None:
    with pairs_in_a_network(tree, tmp_path) as make, pytest.raises(InputError, match=r"k\._domainkey\.probe\.test"):
        make().prove(dkim_key=key, dkim_selector="k", mail_from=RETURNS)
