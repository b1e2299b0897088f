"""Loopback addresses and ports nobody else has, so that tests run side by side.

All of 127.0.0.0/8 is loopback (RFC 1122 §3.2.1.3) and answers on Linux, so each host of a test gets an address of its
own and may use port 25 or 53 there, where software leaves no choice: the C library's resolver asks no port but 53.
"""

import random
import socket

# Not the `random` module's own generator: test runners seed that anew for each test, and all would get one address.
_SYSTEM = random.SystemRandom()


def free_address() -> str:
    """A random address within 127.0.0.0/8, never one of 127.0.0.0/16, where the machine's own services listen."""
    return f"127.{_SYSTEM.randint(1, 254)}.{_SYSTEM.randint(1, 254)}.{_SYSTEM.randint(1, 254)}"


def free_port(address: str) -> int:
    """A port free on `address` for both TCP and UDP at the time of asking."""
    for _ in range(20):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            stream.bind((address, 0))
            port: int = stream.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
                try:
                    datagram.bind((address, port))
                except OSError:
                    continue
                return port
    raise OSError(f"no port of {address} is free for both TCP and UDP")
