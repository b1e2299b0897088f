"""What can go wrong, one fault a file. A new fault is one file and one line in FAULTS."""

from mxprobe.scenario.faults.certificate import Certificate
from mxprobe.scenario.faults.close import Close
from mxprobe.scenario.faults.connection_limit import ConnectionLimit
from mxprobe.scenario.faults.delay import Delay
from mxprobe.scenario.faults.disk_full import DiskFull
from mxprobe.scenario.faults.dns_bogus import DnsBogus
from mxprobe.scenario.faults.dns_forged import DnsForged
from mxprobe.scenario.faults.dns_lame import DnsLame
from mxprobe.scenario.faults.dns_nodata import DnsNodata
from mxprobe.scenario.faults.dns_nxdomain import DnsNxdomain
from mxprobe.scenario.faults.dns_refused import DnsRefused
from mxprobe.scenario.faults.dns_servfail import DnsServfail
from mxprobe.scenario.faults.dns_signatures_expired import DnsSignaturesExpired
from mxprobe.scenario.faults.dns_slow import DnsSlow
from mxprobe.scenario.faults.dns_stale import DnsStale
from mxprobe.scenario.faults.dns_timeout import DnsTimeout
from mxprobe.scenario.faults.dns_truncated import DnsTruncated
from mxprobe.scenario.faults.endless import Endless
from mxprobe.scenario.faults.extension_promised import ExtensionPromised
from mxprobe.scenario.faults.extension_withheld import ExtensionWithheld
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.faults.garbage import Garbage
from mxprobe.scenario.faults.greylist import Greylist
from mxprobe.scenario.faults.malformed_reply import MalformedReply
from mxprobe.scenario.faults.message_loss import MessageLoss
from mxprobe.scenario.faults.policy_missing import PolicyMissing
from mxprobe.scenario.faults.policy_redirect import PolicyRedirect
from mxprobe.scenario.faults.policy_too_large import PolicyTooLarge
from mxprobe.scenario.faults.policy_wrong_type import PolicyWrongType
from mxprobe.scenario.faults.queue_lost import QueueLost
from mxprobe.scenario.faults.rate_limit import RateLimit
from mxprobe.scenario.faults.recipient_limit import RecipientLimit
from mxprobe.scenario.faults.reply import Reply
from mxprobe.scenario.faults.reset import Reset
from mxprobe.scenario.faults.silence import Silence
from mxprobe.scenario.faults.size_limit import SizeLimit
from mxprobe.scenario.faults.starttls_injection import StarttlsInjection
from mxprobe.scenario.faults.stopped import Stopped
from mxprobe.scenario.faults.tarpit import Tarpit
from mxprobe.scenario.faults.tcp_black_hole import TcpBlackHole
from mxprobe.scenario.faults.tcp_refuse import TcpRefuse
from mxprobe.scenario.faults.tcp_slow import TcpSlow
from mxprobe.scenario.faults.tcp_unreachable import TcpUnreachable
from mxprobe.scenario.faults.tls_handshake_failure import TlsHandshakeFailure
from mxprobe.scenario.faults.tls_version import TlsVersion

FAULTS: tuple[type[Fault], ...] = (
    DnsServfail,
    DnsRefused,
    DnsTimeout,
    DnsNxdomain,
    DnsNodata,
    DnsTruncated,
    DnsLame,
    DnsStale,
    DnsForged,
    DnsBogus,
    DnsSignaturesExpired,
    DnsSlow,
    TcpRefuse,
    TcpBlackHole,
    TcpUnreachable,
    TcpSlow,
    Stopped,
    Silence,
    Delay,
    Reply,
    Garbage,
    MalformedReply,
    Endless,
    Tarpit,
    Close,
    Reset,
    Greylist,
    RateLimit,
    ConnectionLimit,
    RecipientLimit,
    SizeLimit,
    DiskFull,
    MessageLoss,
    QueueLost,
    ExtensionWithheld,
    ExtensionPromised,
    StarttlsInjection,
    TlsHandshakeFailure,
    TlsVersion,
    Certificate,
    PolicyMissing,
    PolicyWrongType,
    PolicyTooLarge,
    PolicyRedirect,
)
