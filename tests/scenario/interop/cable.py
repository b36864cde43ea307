#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cable.py - a cable between a tap interface of the kernel and a VDE plug

usage: cable.py TAP UID VNL CONDITION

Makes the interface TAP in its network namespace (as root) and plugs VNL in as the
user UID. Frames pass in both directions, in the condition that the file
CONDITION says, read again at SIGHUP:

    loss=0.01 delay=0.005 reorder=0.02 double=0.01

shares of the frames that are lost, that overtake others, that come twice; and
the seconds each is under way. What is lost is the same in each run.
"""
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454ca
IFF_TAP_NO_PI = 0x1002


def open_tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP_NO_PI))
    return fd


def be_user(uid):
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


class Plug:
    """vde_plug(1): a stream of frames, each with its length before it.

    It reads nothing while it waits to be read from: no write may wait for it.
    """

    def __init__(self, vnl, uid):
        self.process = subprocess.Popen(
            ["vde_plug", vnl], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=lambda: be_user(uid), bufsize=0)
        self.have = self.left = b""
        os.set_blocking(self.process.stdin.fileno(), False)

    def fileno(self):
        return self.process.stdout.fileno()

    def read(self):
        data = os.read(self.fileno(), 65536)
        if not data:
            sys.exit("the plug is gone")
        self.have += data
        while len(self.have) >= 2:
            n = struct.unpack_from(">H", self.have)[0]
            if len(self.have) < 2 + n:
                break
            yield self.have[2:2 + n]
            self.have = self.have[2 + n:]

    def write(self, frame):
        self.left += struct.pack(">H", len(frame)) + frame
        self.flush()

    def flush(self):
        try:
            self.left = self.left[os.write(self.process.stdin.fileno(), self.left):]
        except BlockingIOError:
            pass


class Tap:
    def __init__(self, name):
        self.fd = open_tap(name)

    def fileno(self):
        return self.fd

    def read(self):
        for _ in range(64):
            try:
                yield os.read(self.fd, 65536)
            except BlockingIOError:
                return

    def write(self, frame):
        try:
            os.write(self.fd, frame)
        except OSError:
            pass  # it is down: nobody hears


class Cable:
    def __init__(self, path):
        self.path = path
        self.dice = random.Random(7)
        self.queue = []
        self.count = 0
        self.read_condition()

    def read_condition(self, *_):
        self.condition = dict(loss=0, delay=0, reorder=0, double=0)
        with open(self.path) as f:
            for word in f.read().split():
                name, value = word.split("=")
                self.condition[name] = float(value)
        with open(self.path + ".seen", "w") as f:
            f.write("yes")

    def chance(self, what):
        share = self.condition[what]
        return share > 0 and self.dice.random() < share

    def carry(self, frame, to):
        if self.chance("loss"):
            return
        at = 0 if self.chance("reorder") else time.monotonic() + self.condition["delay"]
        for _ in range(2 if self.chance("double") else 1):
            self.count += 1
            heapq.heappush(self.queue, (at, self.count, frame, to))

    def deliver(self):
        """What is due; the time until the next."""
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, _, frame, to = heapq.heappop(self.queue)
            to.write(frame)
        return max(0, self.queue[0][0] - time.monotonic()) if self.queue else None


def main():
    name, uid, vnl, path = sys.argv[1:]
    tap, plug, cable = Tap(name), Plug(vnl, int(uid)), Cable(path)
    signal.signal(signal.SIGHUP, cable.read_condition)
    print("ready", flush=True)
    while True:
        due = cable.deliver()
        waits = [plug.process.stdin] if plug.left else []
        ready, free, _ = select.select([tap, plug], waits, [], due)
        if free:
            plug.flush()
        for end in ready:
            for frame in end.read():
                cable.carry(frame, plug if end is tap else tap)


main()
