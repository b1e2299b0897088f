"""Other people's programs that look at a mail host, one process an endpoint, eight at once under `xargs`.

posttls-finger and swaks are Debian's, out of the tree that MXPROBE_MAILERS names; openssl is this machine's.
"""

import resource
import shlex
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from msgspec import Struct

from mxprobe.errors import MxprobeError
from mxprobe.facts.session import Endpoint
from mxprobe.lab.mta.tree import ENVIRONMENT, find_tree
from tests.bench.sink import Sink

# $1 the tree, $2 the directory to mount on its /rig, then what xargs is to run in it for each three words of input.
_IN_TREE = 'mount --bind "$2" "$1/rig" && tree=$1 && shift 2 && exec xargs -P8 -n3 chroot "$tree" "$@"'


class NotHere(Exception):
    """A program is not installed; the message says so in a sentence."""


class Program(Struct, frozen=True, kw_only=True):
    """A program to be measured: what it is called in the table, and what runs it over the endpoints."""

    name: str
    line: str
    is_in_tree: bool
    endpoints: int


# xargs gives each shell the name, the address and the port of an endpoint.
POSTTLS = Program(
    name="xargs -P8 posttls-finger",
    line='exec posttls-finger -c -L summary -l secure -F /rig/authority.pem "[$1]:$2" "$0"',
    is_in_tree=True,
    endpoints=200,
)
SWAKS = Program(
    name="xargs -P8 swaks",
    line='exec swaks --tls --server "$1" --port "$2" --helo probe.example.test --from "<>" --to alice@bench.test'
    " --quit-after RCPT --suppress-data",
    is_in_tree=True,
    endpoints=240,
)
S_CLIENT = Program(
    name="xargs -P8 openssl s_client",
    line='echo QUIT | openssl s_client -quiet -crlf -starttls smtp -connect "$1:$2" -servername "$0"'
    ' -CAfile {cafile} -verify_return_error -verify_hostname "$0"',
    is_in_tree=False,
    endpoints=200,
)
PROGRAMS = (POSTTLS, SWAKS, S_CLIENT)


def measure_program(program: Program, sink: Sink, first: int) -> tuple[float, float]:
    """Processor seconds of all its processes for an endpoint, and endpoints in a second. Raises NotHere."""
    endpoints = [sink.endpoint(first + number) for number in range(program.endpoints)]
    before = sink.stats().quits
    with TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        (home / "authority.pem").write_bytes(sink.pem)
        command, cpu = _command(program, home), _children()
        took = _run(command, endpoints, home)
        cpu = _children() - cpu
    said = sink.stats().quits - before
    if said < program.endpoints:
        raise NotHere(f"{program.name}: only {said} of {program.endpoints} sessions came to their end.")
    return cpu / program.endpoints, program.endpoints / took


def _children() -> float:
    """The processor time of all children that have ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _command(program: Program, home: Path) -> list[str]:
    if shutil.which("xargs") is None:
        raise NotHere(f"{program.name}: there is no xargs on this machine.")
    if not program.is_in_tree:
        if shutil.which("openssl") is None:
            raise NotHere(f"{program.name}: there is no openssl on this machine.")
        line = program.line.format(cafile=shlex.quote(str(home / "authority.pem")))
        return ["xargs", "-P8", "-n3", "sh", "-c", line]
    try:
        tree = find_tree().path
    except MxprobeError as error:
        raise NotHere(f"{program.name}: {error}.") from error
    shell = ["sh", "-c", program.line]
    return ["unshare", "--mount", "--", "/bin/sh", "-c", _IN_TREE, "enter", str(tree), str(home), *shell]


def _run(command: list[str], endpoints: list[Endpoint], home: Path) -> float:
    words = "".join(f"{endpoint.host} {endpoint.address} {endpoint.port}\n" for endpoint in endpoints)
    started = perf_counter()
    with (home / "said").open("w") as said:
        subprocess.run(command, input=words, stdout=said, stderr=said, env=ENVIRONMENT, text=True, check=False)
    return perf_counter() - started
