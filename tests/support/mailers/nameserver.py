"""NSD, an authoritative name server, on one address and port over UDP and TCP."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from mxprobe.lab.mta.daemon import Daemon, DidNotStart
from mxprobe.lab.mta.tree import Tree

_CONFIGURATION = """\
server:
    ip-address: {address}@{port}
    username: nsd
    server-count: 1
    zonesdir: /rig/zones
    database: ""
    logfile: /rig/log/main
    pidfile: /rig/state/pid
    xfrdfile: /rig/state/transfers
    xfrdir: /rig/state
    zonelistfile: /rig/state/zones
    rrl-ratelimit: 0
remote-control:
    control-enable: no
"""


class Nsd(Daemon):
    """An NSD that has authority over `zones`: from a zone's name to its text as a master file (RFC 1035 §5).

    Give it port 53 on an address of its own when mailers are to ask it.
    """

    def __init__(self, tree: Tree, workdir: Path, zones: Mapping[str, str], address: str, port: int) -> None:
        super().__init__(tree, workdir / f"nsd-{address}-{port}", address, port)
        self.zones = dict(zones)

    def command(self) -> Sequence[str]:
        """Its parent process in the foreground."""
        return ("/usr/sbin/nsd", "-d", "-c", "/rig/nsd.conf")

    def configure(self) -> None:
        """Write its configuration and its zones; DidNotStart, with line and reason, for a zone that is none."""
        self.make_directory("state", owner="nsd")
        self.make_directory("log", owner="nsd")
        self.make_directory("zones")
        text = _CONFIGURATION.format(address=self.address, port=self.port)
        for number, (name, zone) in enumerate(self.zones.items()):
            (self.home / "zones" / f"{number}.zone").write_text(zone)
            checked = self.run("nsd-checkzone", name, f"/rig/zones/{number}.zone")
            if checked.returncode:  # it would start and answer SERVFAIL for ever
                raise DidNotStart(checked.stdout)
            text += f'zone:\n    name: "{name}"\n    zonefile: "{number}.zone"\n'
        (self.home / "nsd.conf").write_text(text)

    def is_ready(self) -> bool:
        """Whether it answers with authority for each of its zones, over UDP, and listens over TCP."""
        return super().is_ready() and all(self._answers_for(name) for name in self.zones)

    def log(self) -> str:
        """What it has logged so far, over all its starts."""
        path = self.home / "log" / "main"
        return path.read_text(errors="replace") if path.exists() else ""

    def _answers_for(self, zone: str) -> bool:
        question = dns.message.make_query(zone, "SOA")
        try:
            answer = dns.query.udp(question, self.address, timeout=0.25, port=self.port)
        except (dns.exception.DNSException, OSError):
            return False
        return answer.rcode() == dns.rcode.NOERROR and bool(answer.flags & dns.flags.AA) and bool(answer.answer)
