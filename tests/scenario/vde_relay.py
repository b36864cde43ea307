#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vde_relay.py - what may happen to the datagrams of a cable on their way

usage: vde_relay.py FIFO SERVER-PORT

Prints its own port, and then passes datagrams on between whoever sends to it and
127.0.0.1:SERVER-PORT. Each line of FIFO is an order, answered by a line:

  log       how many went to the server
  move      go on from another port: the client has another address
  replay    send all that went to the server once more, from another port
  garble    send them damaged, one bit each, and so the next before it is passed on
  dump      write them to the file "wire"
"""
import os
import select
import socket
import sys

fifo = os.open(sys.argv[1], os.O_RDWR)
server = ("127.0.0.1", int(sys.argv[2]))
door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
door.bind(("127.0.0.1", 0))
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
old = []
client = None
sent = []
spoil = False
print(door.getsockname()[1], flush=True)


def again(change):
    """All that was sent, from an address that the server does not know."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for packet in list(sent):
            other.sendto(change(packet), server)


def garble(packet):
    return packet[:-1] + bytes([packet[-1] ^ 1])


def order(word):
    global out, spoil
    if word == "move":
        old.append(out)
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elif word == "replay":
        again(lambda packet: packet)
    elif word == "garble":
        again(garble)
        spoil = True
    elif word == "dump":
        with open("wire", "wb") as file:
            file.write(b"".join(sent))
    print(word, len(sent), flush=True)


text = b""
while True:
    for ready in select.select([fifo, door, out, *old], [], [])[0]:
        if ready == fifo:
            text += os.read(fifo, 4096)
            *lines, text = text.split(b"\n")
            for line in lines:
                order(line.decode())
        elif ready is door:
            packet, client = door.recvfrom(65536)
            sent.append(packet)
            if spoil:
                out.sendto(garble(packet), server)
                spoil = False
            out.sendto(packet, server)
        elif ready is not door:
            try:
                packet = ready.recv(65536)
            except ConnectionRefusedError:
                continue
            door.sendto(packet, client)
