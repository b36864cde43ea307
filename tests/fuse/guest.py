#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guest.py DIR [NAME...] - what a program sees of testfs.c

One line a check. The lines must be the same with the kernel's FUSE and in a
view."""
import errno
import fcntl
import os
import signal
import struct
import sys
import threading
import time

DIR = sys.argv[1]
CHECKS = []
BY_NAME = []


def check(fn):
    CHECKS.append(fn)
    return fn


def check_by_name(fn):
    """Where a view does better than the kernel, or the test is not for it."""
    BY_NAME.append(fn)
    return fn


def at(name):
    return os.path.join(DIR, name)


def say(*words):
    print(*words, flush=True)


def outcome(call, *args):
    try:
        return call(*args)
    except OSError as e:
        return errno.errorcode[e.errno]


def counts():
    with open(at("counts")) as f:
        return dict(line.rstrip("\n").split(" ", 1) for line in f)


def count(key):
    return int(counts()[key])


def until(call, seconds=10):
    end = time.monotonic() + seconds
    while not call():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def command(text):
    fd = os.open(at("control"), os.O_WRONLY)
    os.write(fd, text.encode())
    os.close(fd)


def child(fn):
    """fn in a child; its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            fn()
            os._exit(0)
        except OSError as e:
            os._exit(e.errno)
    return pid


def status(pid):
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return errno.errorcode.get(code, code)


@check
def close_error():
    fd = os.open(at("full"), os.O_RDWR)
    say("close of what was not written", outcome(os.close, fd))
    fd = os.open(at("full"), os.O_WRONLY)
    os.write(fd, b"x")
    say("close of what was written", outcome(os.close, fd))
    say("it is closed", outcome(os.fstat, fd))
    fd = os.open(at("full"), os.O_RDWR)
    os.write(fd, b"x")
    copy = os.dup(fd)
    say("close of a duplicate", outcome(os.close, copy))
    say("close of the last", outcome(os.close, fd))
    fd = os.open(at("full"), os.O_WRONLY)
    os.write(fd, b"x")
    read = os.open(at("full"), os.O_RDONLY)
    say("close of the writer", outcome(os.close, fd))
    say("close of a reader", outcome(os.close, read))


@check
def close_in_child():
    fd = os.open(at("full"), os.O_WRONLY)
    os.write(fd, b"x")
    say("a child's close", status(child(lambda: os.close(fd))))
    say("the parent's", outcome(os.close, fd))


@check
def program_tells():
    path = at("full")
    say("cat", os.system("echo x | cat >'%s' 2>/dev/null" % path) != 0)
    say("cp", os.system("cp /etc/hostname '%s' 2>/dev/null" % path) != 0)


@check
def dup2_flushes():
    before = count("flushes")
    fd = os.open(at("plain"), os.O_WRONLY)
    os.write(fd, b"1")
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, fd)
    say("dup2 flushes", until(lambda: count("flushes") > before))
    os.close(fd)
    os.close(null)


@check
def exit_flushes():
    before = count("flushes")

    def leave():
        os.write(os.open(at("plain"), os.O_WRONLY), b"2")
    say("exit", status(child(leave)))
    say("exit flushes", until(lambda: count("flushes") > before))


def slow(name):
    done = []

    def wait():
        done.append(os.close(os.open(at(name), os.O_RDONLY)))
    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    say("it waits", not done)
    for other in "plain", "full", "kept", "direct", "locks":
        os.close(os.open(at(other), os.O_RDWR))
    say("others go on", not done)
    fd = os.open(at("go"), os.O_WRONLY)
    os.write(fd, b"go")
    os.close(fd)
    thread.join()
    say("has waited", len(done))


@check
def slow_open():
    """One that waits for the daemon does not hold up the others."""
    slow("late")


@check_by_name
def slow_lookup():
    """The kernel has one lookup in a directory wait for another."""
    slow("unknown")


@check
def copy():
    with open(at("plain"), "wb") as f:
        f.write(b"0123456789")
    before = count("copies")
    src = os.open(at("plain"), os.O_RDONLY)
    dst = os.open(at("direct"), os.O_RDWR | os.O_TRUNC)
    say("copied", os.copy_file_range(src, dst, 6, 2, 0))
    say("content", os.pread(dst, 20, 0))
    say("by the daemon", count("copies") - before)
    os.close(src)
    os.close(dst)


@check
def ioctls():
    fd = os.open(at("plain"), os.O_RDWR)
    get, put, swap = 0x80047501, 0x40047502, 0xc0087503
    say("get", fcntl.ioctl(fd, get, b"\0" * 4))
    say("set", fcntl.ioctl(fd, put, struct.pack("i", 9)))
    say("get", fcntl.ioctl(fd, get, b"\0" * 4))
    say("swap", fcntl.ioctl(fd, swap, struct.pack("ii", 1, 2)))
    say("unknown", outcome(fcntl.ioctl, fd, 0x7509))
    os.close(fd)


@check
def cache():
    with open(at("kept"), "w") as f:
        f.write("first")
    say("kept", open(at("kept")).read())
    command("store second")
    say("stored", until(lambda: open(at("kept")).read() == "second"))
    command("retrieve")
    say("retrieved", until(lambda: counts()["retrieved"] == "second"))
    with open(at("plain"), "w") as f:
        f.write("one")
    say("plain", open(at("plain")).read())
    command("silent three")
    command("inval")
    say("seen", until(lambda: open(at("plain")).read() == "three"))
    command("expire")
    say("still there", os.path.exists(at("plain")))


def do(text):
    """A command that has been carried out."""
    before = count("done")
    command(text)
    if not until(lambda: count("done") > before):
        say("not done:", text)


def size(name):
    return outcome(lambda: os.stat(at(name)).st_size)


@check
def timeouts():
    """What the daemon said holds for as long as it said, or until it tells."""
    say("sizes", size("long"), size("timed"))
    do("grow")
    say("an hour", size("long"), size("long"))
    say("a second", until(lambda: size("timed") == 1))
    do("changed")
    say("told", until(lambda: size("long") == 1))
    say("and so it stays", [size("long") for _ in range(3)])
    do("hide")
    say("hidden", size("long"), os.access(at("long"), os.F_OK))
    do("gone")
    say("told", until(lambda: size("long") == "ENOENT"))
    do("show")
    say("shown", until(lambda: size("long") == 1))
    with open(at("long"), "a") as f:
        f.write("more")
        f.flush()
        say("open", size("long"), os.fstat(f.fileno()).st_size)
    say("written", size("long"))
    os.truncate(at("long"), 2)
    say("cut", size("long"), os.stat(at("long")).st_size)
    dirfd = os.open(DIR, os.O_RDONLY)
    say("by descriptor", os.stat("long", dir_fd=dirfd).st_size)
    os.truncate(at("long"), 0)
    say("again", os.stat("long", dir_fd=dirfd).st_size)
    os.close(dirfd)


def lock(fd, kind, start=0, length=0, how=fcntl.F_SETLK):
    fcntl.fcntl(fd, how, struct.pack("hhqqixxxx", kind, 0, start, length, 0))


def held(fd, kind, start=0, length=0):
    fl = fcntl.fcntl(fd, fcntl.F_GETLK,
                     struct.pack("hhqqixxxx", kind, 0, start, length, 0))
    return struct.unpack("hhqqixxxx", fl)[:4]


@check
def posix_locks():
    fd = os.open(at("other"), os.O_RDWR)
    say("held by a stranger", outcome(lock, fd, fcntl.F_WRLCK))
    say("shared with it", outcome(lock, fd, fcntl.F_RDLCK))
    say("who", held(fd, fcntl.F_WRLCK))
    os.close(fd)
    fd = os.open(at("locks"), os.O_RDWR)
    say("free", held(fd, fcntl.F_WRLCK)[0] == fcntl.F_UNLCK)
    say("taken", outcome(lock, fd, fcntl.F_WRLCK, 0, 10))
    say("the daemon has", count("locks"))
    say("a child gets", status(child(lambda: lock(fd, fcntl.F_WRLCK))))
    say("beside it", status(child(lambda: lock(fd, fcntl.F_WRLCK, 10, 5))))
    say("child's went", until(lambda: count("locks") == 1))
    os.close(os.open(at("locks"), os.O_RDONLY))
    say("any close unlocks", until(lambda: count("locks") == 0))
    os.close(fd)
    pid = child(lambda: (lock(os.open(at("locks"), os.O_RDWR), fcntl.F_WRLCK),
                         os.execvp("sleep", ["sleep", "0.3"])))
    say("a child's", status(pid), "went", until(lambda: count("locks") == 0))


@check
def lock_waits():
    fd = os.open(at("locks"), os.O_RDWR)
    lock(fd, fcntl.F_WRLCK)

    def wait():
        lock(fd, fcntl.F_WRLCK, how=fcntl.F_SETLKW)
    pid = child(wait)
    time.sleep(0.3)
    say("waits", os.waitpid(pid, os.WNOHANG)[0] == 0)
    lock(fd, fcntl.F_UNLCK)
    say("got it", status(pid))
    say("and lost it", until(lambda: count("locks") == 0))
    lock(fd, fcntl.F_WRLCK)

    def ring(*_):
        raise OSError(errno.EINTR, "rung")

    def wait_and_ring():
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        wait()
    say("interrupted", status(child(wait_and_ring)))
    say("one lock", count("locks"))
    os.close(fd)
    say("none", until(lambda: count("locks") == 0))


F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW = 36, 37, 38


def ofd(fd, kind, start=0, length=0, how=F_OFD_SETLK):
    return outcome(lock, fd, kind, start, length, how)


@check
def ofd_locks():
    """Those of descriptions are the daemon's too."""
    a = os.open(at("other"), os.O_RDWR)
    say("held by a stranger", ofd(a, fcntl.F_WRLCK))
    say("shared with it", ofd(a, fcntl.F_RDLCK))
    say("unlocked", ofd(a, fcntl.F_UNLCK))
    os.close(a)
    a = os.open(at("locks"), os.O_RDWR)
    b = os.open(at("locks"), os.O_RDWR)
    say("taken", ofd(a, fcntl.F_WRLCK, 0, 10))
    say("the daemon has", count("locks"))
    say("another", ofd(b, fcntl.F_RDLCK, 9, 1), ofd(b, fcntl.F_RDLCK, 10, 1))
    say("the process", outcome(lock, a, fcntl.F_WRLCK, 5, 1))
    say("by a duplicate", ofd(os.dup(a), fcntl.F_UNLCK, 0, 10),
        ofd(b, fcntl.F_WRLCK, 0, 20))
    say("the process", outcome(lock, a, fcntl.F_WRLCK, 19, 1))
    say("a child", status(child(lambda: lock(a, fcntl.F_RDLCK, 19, 1))))
    say("unlocked", ofd(b, fcntl.F_UNLCK), count("locks"))
    say("by the process", outcome(lock, a, fcntl.F_WRLCK, 5, 1))
    say("in the way", ofd(a, fcntl.F_WRLCK), held(a, fcntl.F_WRLCK)[0])
    os.close(b)
    os.close(a)
    say("none", until(lambda: count("locks") == 0))


@check_by_name
def ofd_locks_go():
    """The kernel does not tell daemons of their end."""
    a = os.open(at("locks"), os.O_RDWR)
    b = os.open(at("locks"), os.O_RDWR)
    c = os.dup(a)
    say(ofd(a, fcntl.F_RDLCK, 0, 10), ofd(b, fcntl.F_RDLCK, 5, 10))
    os.close(a)
    os.close(c)
    say("free", until(lambda: ofd(b, fcntl.F_WRLCK, 0, 5) is None))
    pid = child(lambda: (os.close(b), lock(
        os.open(at("locks"), os.O_RDWR), fcntl.F_WRLCK, 0, 0, F_OFD_SETLKW)))
    os.close(b)
    say("got it", status(pid) == 0)
    say("none", until(lambda: count("locks") == 0))


@check
def flocks():
    fd = os.open(at("other"), os.O_RDWR)
    say("held by a stranger", outcome(fcntl.flock, fd,
                                      fcntl.LOCK_EX | fcntl.LOCK_NB))
    say("shared with it", outcome(fcntl.flock, fd, fcntl.LOCK_SH))
    os.close(fd)
    say("gone", until(lambda: count("locks") == 0))
    a = os.open(at("locks"), os.O_RDWR)
    b = os.open(at("locks"), os.O_RDWR)
    say("taken", outcome(fcntl.flock, a, fcntl.LOCK_EX))
    say("the daemon has", count("locks"))
    say("another", outcome(fcntl.flock, b, fcntl.LOCK_EX | fcntl.LOCK_NB))
    say("down", outcome(fcntl.flock, a, fcntl.LOCK_SH))
    say("now", outcome(fcntl.flock, b, fcntl.LOCK_SH | fcntl.LOCK_NB))
    say("up", outcome(fcntl.flock, b, fcntl.LOCK_EX | fcntl.LOCK_NB))
    os.close(a)
    say("alone", until(lambda: outcome(fcntl.flock, b, fcntl.LOCK_EX |
                                       fcntl.LOCK_NB) is None))
    pid = child(lambda: (os.close(b),
                         fcntl.flock(os.open(at("locks"), os.O_RDWR),
                                     fcntl.LOCK_EX)))
    time.sleep(0.3)
    say("waits", os.waitpid(pid, os.WNOHANG)[0] == 0)
    os.close(b)
    say("got it", status(pid))
    say("none", until(lambda: count("locks") == 0))


@check
def all_closed():
    say("no file is open", until(lambda: count("opens") == 0)
        or counts()["open"])
    say("nor locked", until(lambda: count("locks") == 0))
    say("never too many", counts()["negative"])


@check_by_name
def acl():
    for flags in os.O_RDONLY, os.O_WRONLY, os.O_RDWR:
        say("open", flags, isinstance(outcome(os.open, at("acl"), flags), int))
    for mask in os.R_OK, os.W_OK, os.X_OK:
        say("access", mask, os.access(at("acl"), mask))
    say("chmod", outcome(os.chmod, at("acl"), 0o600))


@check_by_name
def late_lookup():
    """Nobody waits for the answer, and yet the daemon has counted it."""
    def wait():
        signal.signal(signal.SIGALRM, lambda *_: os._exit(7))
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        os.stat(at("hang"))
    before = count("hangs")
    say("interrupted", status(child(wait)) == errno.errorcode[7])
    say("asked", count("hangs") - before)
    say("answered", until(lambda: count("late") == 1))
    say("forgotten", until(lambda: count("hang") == 0))


def main():
    wanted = sys.argv[2:]
    signal.alarm(60)
    for fn in CHECKS + BY_NAME:
        if fn.__name__ in wanted or (not wanted and fn in CHECKS):
            say("-", fn.__name__)
            fn()


main()
