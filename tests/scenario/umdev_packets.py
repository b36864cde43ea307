#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""umdev_packets.py DEVICE - what umdevecho must do; see umdev_packets.sh"""
import array
import errno
import fcntl
import os
import select
import stat
import subprocess
import sys
import threading

DEVICE = sys.argv[1]
TIMES = 0x6501
SWAP = 0xC0086502
HANGUP = 0x6503


def fails(error, call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno == error, (call, e)
        return
    raise AssertionError(("succeeded", call, args))


fd = os.open(DEVICE, os.O_RDWR)
st = os.fstat(fd)
assert stat.S_ISCHR(st.st_mode), oct(st.st_mode)
assert st.st_rdev == os.stat(DEVICE).st_rdev == os.makedev(60, 1)

# a packet comes back whole, and not before it was written
poll = select.poll()
poll.register(fd, select.POLLIN | select.POLLOUT)
assert poll.poll(0) == [(fd, select.POLLOUT)]
os.write(fd, b"abc")
os.write(fd, b"defg")
assert os.read(fd, 100) == b"cba"
assert os.read(fd, 100) == b"gfed"

# a reader sleeps until then
got = []
thread = threading.Thread(target=lambda: got.append(os.read(fd, 100)))
thread.start()
os.write(fd, b"late")
thread.join(20)
assert got == [b"etal"], got

# ioctl: by value, in and out, of a size that the module tells, unknown
assert fcntl.ioctl(fd, TIMES, 2) == 7
os.write(fd, b"xy")
assert os.read(fd, 9) == b"yx" and os.read(fd, 9) == b"yx"
pair = array.array("i", [1, 2])
assert fcntl.ioctl(fd, SWAP, pair, True) == 0
assert list(pair) == [2, 1]
fails(errno.ENOTTY, fcntl.ioctl, fd, 0x6599)
fails(errno.EFAULT, fcntl.ioctl, fd, SWAP, 1)

# each opening is its own; a child has its parent's
other = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK)
fails(errno.EAGAIN, os.read, other, 10)
os.write(other, b"12")
select.select([other], [], [], 20)
assert os.read(other, 10) == b"21"
os.close(other)
child = subprocess.run(["sh", "-c", "printf child >&9"], check=True,
                       pass_fds=[9] if os.dup2(fd, 9) else [9])
assert os.read(fd, 10) == b"dlihc"

# the device ends it
os.read(fd, 10)
assert fcntl.ioctl(fd, HANGUP, array.array("i", [3])) == 3
assert os.read(fd, 10) == b""
