"""How long a zone of 10,000 records takes to be read and judged, beside what dnspython needs to read it: run this file.

Prints processor seconds of `look_at_zone` and of `dns.zone.from_text` for two zones, one of hosts of every kind and one
with 2,000 names that have texts, and the whole command's wall time. The look should take less than dnspython alone.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import dns.zone

from mxprobe.jobs.look_at_zone import look_at_zone

ROUNDS = 5
DOMAIN = "example.test"
HEAD = """\
$TTL 3600
@ IN SOA ns1 hostmaster ( 1 3600 900 604800 300 )
  IN NS ns1
  IN MX 10 mx1
  IN MX 20 mx2
  IN TXT "v=spf1 mx -all"
ns1 IN A 192.5.5.241
mx1 IN A 198.41.0.4
mx2 IN A 199.9.14.201
_dmarc IN TXT "v=DMARC1; p=none"
"""


def mixed_zone(records: int) -> str:
    """Hosts with addresses of both families, an MX record, a text and an alias each."""
    return HEAD + "".join(
        f"h{number} IN A 198.51.{number // 250 % 250}.{number % 250}\n   AAAA 2001:db8::{number:x}\n   MX 10 mx1\n"
        f'   TXT "host {number} of the company"\nwww.h{number} CNAME h{number}\n'
        for number in range((records - 9) // 5)
    )


def texts_zone(records: int, texts: int = 2000) -> str:
    """Names with SPF records, and hosts with an address."""
    lines = [f't{number} TXT "v=spf1 ip4:192.0.2.{number % 250} -all"\n' for number in range(texts)]
    lines += [f"h{number} A 198.51.{number // 250 % 250}.{number % 250}\n" for number in range(records - texts - 9)]
    return HEAD + "".join(lines)


def seconds(work: Callable[[], object]) -> float:
    """The processor time of one call."""
    start = process_time()
    work()
    return process_time() - start


def wall(command: list[str]) -> float:
    """The wall time of one run of a command."""
    start = perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - start


def measure(text: str, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """The best times of our look and of dnspython alone (processor), and of the whole command (wall), in turns.

    The reader remembers texts that it has read: each round has another comment.
    """
    ours, theirs, whole = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "zone")
        for number in range(rounds):
            file.write_text(f"{text}; {number}\n")
            ours.append(seconds(lambda: look_at_zone(file, DOMAIN)))
            theirs.append(seconds(lambda: dns.zone.from_text(text, origin=DOMAIN, relativize=False)))
            whole.append(wall([sys.executable, "-m", "mxprobe", "probe", "--zone", str(file), "--domain", DOMAIN]))
    return min(ours), min(theirs), min(whole)


def main() -> None:
    """Measure and print."""
    for name, text in (("hosts", mixed_zone(10_000)), ("texts", texts_zone(10_000))):
        ours, theirs, whole = measure(text)
        print(
            f"{name}: look {ours:.2f} s, dnspython alone {theirs:.2f} s, ratio {ours / theirs:.2f}; "
            f"command {whole:.2f} s"
        )


if __name__ == "__main__":
    main()
