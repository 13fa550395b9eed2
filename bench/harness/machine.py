"""What the machine allows: cores, real-time priority, a network namespace."""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def cores():
    return sorted(os.sched_getaffinity(0))


def may_be_real_time():
    if shutil.which("chrt") is None:
        return False
    return subprocess.run(["chrt", "-f", "10", "true"], capture_output=True).returncode == 0


def own_loopback():
    """Moves this process, and so all it starts, to a network of its own, away from firewalls.

    Needs root; without it the machine's own loopback does.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def description():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    name = names[0] if names else "unknown CPU"
    load = os.getloadavg()[0]
    return f"{len(names)} x {name}, Linux {os.uname().release}, load {load:.2f}"
