"""What can go wrong, one fault a file. A new fault is one file and one line in FAULTS."""

from mxprobe.scenario.faults.certificate import Certificate
from mxprobe.scenario.faults.close import Close
from mxprobe.scenario.faults.dns_servfail import DnsServfail
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.faults.greylist import Greylist
from mxprobe.scenario.faults.reply import Reply
from mxprobe.scenario.faults.silence import Silence
from mxprobe.scenario.faults.tcp_black_hole import TcpBlackHole
from mxprobe.scenario.faults.tcp_refuse import TcpRefuse
from mxprobe.scenario.faults.tls_handshake_failure import TlsHandshakeFailure

FAULTS: tuple[type[Fault], ...] = (
    DnsServfail,
    TcpRefuse,
    TcpBlackHole,
    Silence,
    Reply,
    Close,
    Greylist,
    TlsHandshakeFailure,
    Certificate,
)
