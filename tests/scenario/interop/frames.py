#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""frames.py - frames that no kernel would send

usage: frames.py INTERFACE MAC ADDRESS syn PORT COUNT
       frames.py INTERFACE MAC ADDRESS junk SEED COUNT

syn: segments that ask for a connection, each from another address, and never
answer. junk: packets of all kinds, each with something wrong. The destination is
MAC and the IPv4 ADDRESS; the link-local address of MAC for IPv6.
"""
import random
import socket
import struct
import sys

IF, MAC, ADDRESS, WHAT, NUMBER, COUNT = sys.argv[1:]
to = bytes.fromhex(MAC.replace(":", ""))
me = b"\x02\0\0\0\0\x77"
four = socket.inet_aton(ADDRESS)
six = b"\xfe\x80" + bytes(6) + bytes([to[0] ^ 2]) + to[1:3] + b"\xff\xfe" + to[3:]
dice = random.Random(int(NUMBER))


def checksum(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def sealed(header, at):
    return header[:at] + struct.pack(">H", checksum(header)) + header[at + 2:]


def ip4(source, protocol, payload, more=0, options=b""):
    head = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0,
                       20 + len(options) + len(payload), dice.getrandbits(16),
                       more, 64, protocol, 0, source, four) + options
    return b"\x08\0" + sealed(head, 10) + payload


def ip6(next_header, payload, source=b"\xfe\x80" + bytes(13) + b"\x77"):
    return b"\x86\xdd" + struct.pack(">IHBB16s16s", 6 << 28, len(payload),
                                     next_header, 255, source, six) + payload


def pseudo(source, dest, protocol, payload):
    return source + dest + struct.pack(">II", len(payload), protocol) + payload


def tcp(source, port, flags, options=b"", words=None):
    words = 5 + len(options) // 4 if words is None else words
    segment = struct.pack(">HHIIBBHHH", dice.randrange(1024, 65536), port,
                          dice.getrandbits(32), dice.getrandbits(32), words << 4,
                          flags, 65535, 0, 0) + options
    total = checksum(pseudo(source, four, 6, segment))
    return segment[:16] + struct.pack(">H", total) + segment[18:]


def icmp6(kind, body):
    source = b"\xfe\x80" + bytes(13) + b"\x77"
    message = bytes([kind, 0, 0, 0]) + body
    total = checksum(pseudo(source, six, 58, message))
    return ip6(58, message[:2] + struct.pack(">H", total) + message[4:])


def random_source():
    return bytes([198, 18 + dice.getrandbits(1), dice.getrandbits(8), dice.getrandbits(8)])


def noise(most):
    return dice.randbytes(dice.randrange(most))


def length_of_nothing():
    """An option, of IP, TCP or neighbour discovery, that is longer than its place."""
    kind = dice.randrange(3)
    if kind == 0:
        return ip4(random_source(), 17, noise(64), options=bytes([7, dice.choice([0, 1, 200]), 4, 0]))
    if kind == 1:
        option = bytes([dice.choice([2, 3, 4, 5, 8]), dice.choice([0, 1, 40, 255]), 1, 1])
        return ip4(random_source(), 6, tcp(random_source(), 4000, 2, option, dice.choice([6, 15, 4])))
    option = bytes([dice.choice([1, 2, 3, 5, 25]), dice.choice([0, 1, 9, 255])]) + noise(12)
    body = {133: bytes(4), 134: b"\x40\0\x07\x08" + bytes(8), 135: bytes(4) + six,
            136: b"\x60\0\0\0" + six, 137: bytes(4) + six + six}
    which = dice.choice(list(body))
    return icmp6(which, body[which] + option)


def fragment():
    """Pieces that overlap, end beyond 64 KiB, or are of no length."""
    if dice.getrandbits(1):
        return ip4(random_source(), 17, noise(100), more=dice.choice([0x2000, 0x3fff, 0x1fff, 0x2001]))
    head = struct.pack(">BBHI", 17, 0, dice.choice([1, 0xfff9, 0xfff8, 8]), dice.getrandbits(4))
    return ip6(44, head + noise(100))


def cut():
    whole = dice.choice([length_of_nothing, fragment, plain])()
    return whole[:dice.randrange(2, len(whole) + 1)]


def plain():
    protocol = dice.choice([1, 2, 6, 17, 41, 47, 58, 103])
    return ip4(random_source(), protocol, noise(200)) if dice.getrandbits(1) else \
        ip6(dice.choice([0, 6, 17, 43, 44, 50, 58, 60]), noise(200))


def bent():
    """One that is right but for a few bits."""
    whole = bytearray(plain())
    for _ in range(dice.randrange(1, 5)):
        whole[dice.randrange(2, len(whole))] ^= 1 << dice.randrange(8)
    return bytes(whole)


def arp():
    return b"\x08\x06" + struct.pack(">HHBBH", dice.choice([1, 6]), 0x800, dice.choice([6, 0, 255]),
                                     dice.choice([4, 16]), dice.randrange(4)) + noise(40)


def syn(_):
    source = random_source()
    return ip4(source, 6, tcp(source, int(NUMBER), 2))


def junk(_):
    return dice.choice([length_of_nothing, fragment, cut, plain, bent, arp])()


s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((IF, 0))
for n in range(int(COUNT)):
    s.send((to + me + {"syn": syn, "junk": junk}[WHAT](n))[:1514])
