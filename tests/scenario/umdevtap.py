# SPDX-License-Identifier: GPL-2.0-or-later
"""umdevtap.py - programs with an interface of /dev/net/tun

peer NAME tun|tap ADDRESS [persist]: is the host ADDRESS behind the interface
NAME: answers ARP and pings. Says "ready NAME", and "end" when there is no more to
read.
"""
import fcntl
import os
import socket
import struct
import sys

TUNSETIFF, TUNSETPERSIST, TUNGETIFF = 0x400454CA, 0x400454CB, 0x800454D2
IFF_TUN, IFF_TAP, IFF_NO_PI = 1, 2, 0x1000
MAC = b"\x02\x09\x09\x09\x09\x09"


def interface(fd, request, name, flags=0):
    ifr = fcntl.ioctl(fd, request, struct.pack("16sH22x", name.encode(), flags))
    return ifr[:16].rstrip(b"\0").decode()


def answer_ping(packet):
    """The answer to an echo request of IPv4, or None."""
    if packet[0] != 0x45 or packet[9] != 1 or packet[20] != 8:
        return None
    icmp = bytearray(packet[20:])
    icmp[0] = 0
    total = struct.unpack(">H", icmp[2:4])[0] + 0x0800
    icmp[2:4] = struct.pack(">H", (total & 0xFFFF) + (total >> 16))
    return packet[:12] + packet[16:20] + packet[12:16] + bytes(icmp)


def answer_frame(frame, address):
    kind = frame[12:14]
    head = frame[6:12] + MAC
    if kind == b"\x08\x06" and frame[21] == 1 and frame[38:42] == address:
        return head + frame[12:21] + b"\x02" + MAC + address + frame[22:32]
    if kind == b"\x08\x00" and frame[30:34] == address:
        packet = answer_ping(frame[14:])
        return packet and head + kind + packet
    return None


def peer(name, kind, address, persist=None):
    address = socket.inet_aton(address)
    flags = IFF_NO_PI | (IFF_TAP if kind == "tap" else IFF_TUN)
    fd = os.open("/dev/net/tun", os.O_RDWR)
    interface(fd, TUNSETIFF, name, flags)
    if persist:
        fcntl.ioctl(fd, TUNSETPERSIST, 1)
    print("ready", interface(fd, TUNGETIFF, ""), flush=True)
    while packet := os.read(fd, 70000):
        if kind == "tap":
            answer = answer_frame(packet, address)
        elif packet[0] == 0x45 and packet[16:20] == address:
            answer = answer_ping(packet)
        else:
            answer = None
        if answer:
            os.write(fd, answer)
    print("end", flush=True)
    try:
        interface(fd, TUNGETIFF, "")
    except OSError as e:
        print(e.strerror, flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
