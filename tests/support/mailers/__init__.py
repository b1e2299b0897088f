"""What tests of real mailers need beside `mxprobe.lab.mta`: a real name server, certificates, addresses of their own.

`mxprobe/lab/mta/unpack.sh DIR $(grep -v '^#' .ci/debian-packages)` makes the tree they run from, `MXPROBE_MAILERS=DIR`
names it.
"""

from mxprobe.lab.mta.daemon import Daemon, DidNotStart
from mxprobe.lab.mta.exim import Exim
from mxprobe.lab.mta.mailer import Mailer, Setup
from mxprobe.lab.mta.postfix import Postfix
from mxprobe.lab.mta.tree import Tree
from tests.support.mailers.addresses import free_address, free_port
from tests.support.mailers.certificates import Certificate, issue_certificate
from tests.support.mailers.nameserver import Nsd
from tests.support.mailers.needed import find_tree, require
from tests.support.mailers.remains import inhabitants, kept_namespaces, namespaces_of, state_of
from tests.support.mailers.sink import Sink
from tests.support.mailers.validators import Bind, Unbound, sign_with_bind

__all__ = [
    "Bind",
    "Certificate",
    "Daemon",
    "DidNotStart",
    "Exim",
    "Mailer",
    "Nsd",
    "Postfix",
    "Setup",
    "Sink",
    "Tree",
    "Unbound",
    "find_tree",
    "free_address",
    "free_port",
    "inhabitants",
    "issue_certificate",
    "kept_namespaces",
    "namespaces_of",
    "require",
    "sign_with_bind",
    "state_of",
]
