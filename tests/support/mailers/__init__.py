"""Real mailers and a real name server on loopback, out of Debian packages that are unpacked and not installed.

`.ci/debian DIR` makes the tree they run from; `MXPROBE_MAILERS=DIR` tells the tests. Each runs in mount and process
namespaces of its own, chrooted into that tree, its own directory mounted on `/rig`: when it stops, nothing is left.
"""

from tests.support.mailers.addresses import free_address, free_port
from tests.support.mailers.certificates import Certificate, issue_certificate
from tests.support.mailers.daemon import Daemon, DidNotStart
from tests.support.mailers.debian import Tree, find_tree, require
from tests.support.mailers.exim import Exim
from tests.support.mailers.mailer import Mailer, Setup
from tests.support.mailers.nameserver import Nsd
from tests.support.mailers.postfix import Postfix

__all__ = [
    "Certificate",
    "Daemon",
    "DidNotStart",
    "Exim",
    "Mailer",
    "Nsd",
    "Postfix",
    "Setup",
    "Tree",
    "find_tree",
    "free_address",
    "free_port",
    "issue_certificate",
    "require",
]
