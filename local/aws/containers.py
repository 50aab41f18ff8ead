"""How the containers of `sam local` reach MiniStack: they have a network of their own, not this machine's loopback.

On Linux, MiniStack also listens on this machine's address in the network of Docker's containers, which is not routed
beyond this machine by default; the key protects it either way. Where there is none, Docker Desktop forwards HOST to
loopback.
"""

import fcntl
import socket
import struct
import sys

HOST = "host.docker.internal"
_INTERFACE = b"docker0"
# The ioctl that returns an interface's IPv4 address in bytes 20 to 23 (netdevice(7)).
_SIOCGIFADDR = 0x8915


def address() -> str | None:
    """Return this machine's address in the network of Docker's containers; None if there is no such network."""
    if sys.platform != "linux":
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            answer = fcntl.ioctl(sock, _SIOCGIFADDR, struct.pack("256s", _INTERFACE))
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])
