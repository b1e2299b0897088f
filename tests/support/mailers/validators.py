"""Unbound, a resolver that validates, and BIND, a name server with authority and the tools that sign its zones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from mxprobe.lab.mta.daemon import Daemon, DidNotStart
from mxprobe.lab.mta.tree import Tree

_UNBOUND = """\
server:
    interface: {address}@{port}
    access-control: 127.0.0.0/8 allow
    do-ip6: no
    username: ""
    chroot: ""
    directory: "/rig"
    pidfile: "/rig/pid"
    use-syslog: no
    num-threads: 1
    module-config: "validator iterator"
    trust-anchor-file: "/rig/anchor"
    trust-anchor-signaling: no
    root-hints: "/rig/hints"
    do-not-query-localhost: no
    harden-below-nxdomain: yes
    val-log-level: 2
    ede: yes
    local-zone: "test." nodefault
remote-control:
    control-enable: no
"""
_BIND = """\
options {{
    directory "/rig";
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    pid-file "/rig/pid";
    session-keyfile "/rig/session";
    recursion no;
    dnssec-validation no;
    notify no;
}};
controls {{ }};
"""


class Unbound(Daemon):
    """An Unbound that trusts the `anchor` (the root's DS records as text) and finds the root at `root` (port 53).

    `stubs` are zones that it finds elsewhere, at "address@port".
    """

    anchor: tuple[str, ...] = ()
    root = ""
    stubs: Mapping[str, str] = {}

    def __init__(self, tree: Tree, workdir: Path, address: str, port: int) -> None:
        super().__init__(tree, workdir / f"unbound-{address}-{port}", address, port)

    def command(self) -> Sequence[str]:
        """In the foreground, with its log on standard error."""
        return ("/usr/sbin/unbound", "-d", "-c", "/rig/unbound.conf")

    def configure(self) -> None:
        """Write its configuration, anchor and hints."""
        text = _UNBOUND.format(address=self.address, port=self.port)
        for name, where in self.stubs.items():
            text += f'stub-zone:\n    name: "{name}"\n    stub-addr: {where}\n'
        (self.home / "unbound.conf").write_text(text)
        (self.home / "anchor").write_text("".join(f". IN DS {digest}\n" for digest in self.anchor))
        (self.home / "hints").write_text(f". NS a.root-servers.net.\na.root-servers.net. A {self.root}\n")

    def log(self) -> str:
        """What it has logged so far, over all its starts; with why it took an answer for bogus."""
        return (self.home / "output").read_text(errors="replace")


class Bind(Daemon):
    """A BIND that has authority over `zones`: from a zone's name to its text as a master file.

    It listens only at addresses that an interface bears by name: of loopback at 127.0.0.1 alone.
    """

    def __init__(self, tree: Tree, workdir: Path, zones: Mapping[str, str], address: str, port: int) -> None:
        super().__init__(tree, workdir / f"bind-{address}-{port}", address, port)
        self.zones = dict(zones)

    def command(self) -> Sequence[str]:
        """In the foreground, with its log on standard error."""
        return ("/usr/sbin/named", "-g", "-c", "/rig/named.conf", "-n", "1")

    def configure(self) -> None:
        """Write its configuration and zones."""
        text = _BIND.format(address=self.address, port=self.port)
        for number, (name, zone) in enumerate(self.zones.items()):
            (self.home / f"{number}.zone").write_text(zone)
            text += f'zone "{name}" {{ type primary; file "/rig/{number}.zone"; }};\n'
        (self.home / "named.conf").write_text(text)

    def is_ready(self) -> bool:
        """Whether it answers for each of its zones."""
        return super().is_ready() and all(self._answers_for(name) for name in self.zones)

    def log(self) -> str:
        """What it has logged so far."""
        return (self.home / "output").read_text(errors="replace")

    def _answers_for(self, zone: str) -> bool:
        try:
            answer = dns.query.udp(dns.message.make_query(zone, "SOA"), self.address, timeout=0.25, port=self.port)
        except (dns.exception.DNSException, OSError):
            return False
        return bool(answer.answer)


def sign_with_bind(tree: Tree, home: Path, origin: str, text: str, *options: str, algorithm: str) -> tuple[str, str]:
    """A zone signed by BIND's own tools with a key for keys and one for the zone: its text, and its DS as text."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "zone").write_text(text)
    for flags in ((), ("-f", "KSK")):
        _run(tree, home, "dnssec-keygen", "-q", "-K", "/rig", "-a", algorithm, *flags, origin)
    _run(tree, home, "dnssec-signzone", "-q", "-S", "-K", "/rig", "-d", "/rig", "-o", origin, *options, "/rig/zone")
    (digest,) = [line.split(" DS ", 1)[1] for line in (home / f"dsset-{origin}.").read_text().splitlines()]
    return (home / "zone.signed").read_text(), digest.strip()


def _run(tree: Tree, home: Path, *argv: str) -> None:
    done = tree.run(home, *argv)
    if done.returncode:
        raise DidNotStart(f"{' '.join(argv)}: {done.stdout}")
