#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""newguest.py DIR NAME... - what a program sees of newfs.c

One line a check. The lines must be the same with the kernel's FUSE and in a
view."""
import ctypes
import errno
import os
import select
import signal
import sys
import threading
import time

DIR = sys.argv[1]
CHECKS = {}


def check(fn):
    CHECKS[fn.__name__] = fn
    return fn


def at(name):
    return os.path.join(DIR, name)


def say(*words):
    print(*words, flush=True)


def outcome(call, *args, **more):
    try:
        return call(*args, **more)
    except OSError as e:
        return errno.errorcode[e.errno]


def log():
    """What the daemon was asked since."""
    with open(at("log")) as f:
        return f.read().split("\n")[:-1]


def put(text):
    fd = os.open(at("ready"), os.O_WRONLY)
    os.write(fd, text)
    os.close(fd)


def later(text, seconds=0.3):
    """A process of its own: a thread would hold up this one's poll."""
    pid = os.fork()
    if pid == 0:
        time.sleep(seconds)
        put(text)
        os._exit(0)
    return pid


def events(p, ms=10000):
    return [e for _, e in p.poll(ms)]


@check
def poll():
    fd = os.open(at("ready"), os.O_RDWR)
    p = select.poll()
    p.register(fd, select.POLLIN)
    say("not ready", events(p, 0), events(p, 50))
    pid = later(b"one")
    say("told", events(p))
    os.waitpid(pid, 0)
    say("still", events(p, 0), os.pread(fd, 10, 0), events(p, 0))
    p.register(fd, select.POLLIN | select.POLLOUT)
    say("to write", events(p))
    put(b"noout")
    say("no more", events(p, 50))
    pid = later(b"out")
    say("again", events(p))
    os.waitpid(pid, 0)
    r, w = os.pipe()
    p.register(r, select.POLLIN)
    p.register(fd, select.POLLIN)
    say("beside a pipe", events(p, 50))
    os.write(w, b"x")
    say("the pipe", p.poll(10000) == [(r, select.POLLIN)])
    os.close(r)
    say("closed", sorted(events(p)) == [select.POLLNVAL])
    os.close(w)
    os.close(fd)


@check
def poll_select():
    fd = os.open(at("ready"), os.O_RDWR)
    say("neither", select.select([fd], [], [fd], 0.05) == ([], [], []))
    say("to write", select.select([fd], [fd], [], 5) == ([], [fd], []))
    pid = later(b"two")
    say("to read", select.select([fd], [], [], 10) == ([fd], [], []))
    os.waitpid(pid, 0)
    say("read", os.pread(fd, 10, 0),
        select.select([fd], [], [], 0) == ([], [], []))
    other = os.dup(fd)
    os.close(fd)
    say("closed", outcome(select.select, [fd], [other], [], 0))
    os.close(other)


@check
def poll_epoll():
    fd = os.open(at("ready"), os.O_RDWR)
    e = select.epoll()
    e.register(fd, select.EPOLLIN)
    say("twice", outcome(e.register, fd, select.EPOLLIN))
    say("not ready", e.poll(0.05))
    pid = later(b"three")
    say("told", e.poll(10) == [(fd, select.EPOLLIN)])
    os.waitpid(pid, 0)
    say("still", e.poll(0) == [(fd, select.EPOLLIN)])
    say("read", os.pread(fd, 10, 0), e.poll(0.05))
    e.modify(fd, select.EPOLLIN | select.EPOLLOUT)
    say("to write", e.poll(5) == [(fd, select.EPOLLOUT)])
    e.modify(fd, select.EPOLLIN | select.EPOLLET)
    pid = later(b"four", 0)
    say("an edge", e.poll(10) == [(fd, select.EPOLLIN)])
    os.waitpid(pid, 0)
    say("once", e.poll(0.05))
    put(b"five")
    say("and another", e.poll(10) == [(fd, select.EPOLLIN)])
    e.unregister(fd)
    say("no more", e.poll(0.05), outcome(e.unregister, fd))
    os.pread(fd, 10, 0)
    e.register(fd, select.EPOLLIN)
    os.close(fd)
    say("closed", e.poll(0.05))


@check
def poll_signals():
    """A signal ends the wait, also one that is blocked but while it waits."""
    fd = os.open(at("ready"), os.O_RDWR)
    rung = []
    signal.signal(signal.SIGALRM, lambda *_: rung.append(1))

    class Pollfd(ctypes.Structure):
        _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short),
                    ("revents", ctypes.c_short)]
    libc = ctypes.CDLL(None, use_errno=True)
    one = Pollfd(fd, select.POLLIN, 0)

    def wait(mask):
        return libc.ppoll(ctypes.byref(one), 1, None, mask), \
            errno.errorcode.get(ctypes.get_errno())
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    say("interrupted", wait(None), rung)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    time.sleep(0.3)
    none = (ctypes.c_ulong * 16)()
    say("blocked", wait(ctypes.byref(none)), rung)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    os.close(fd)


@check
def poll_dies():
    """The daemon ends while somebody waits."""
    fd = os.open(at("ready"), os.O_RDWR)
    p = select.poll()
    p.register(fd, select.POLLIN)
    done = []
    t = threading.Thread(target=lambda: done.extend(events(p)))
    t.start()
    time.sleep(0.2)
    os.kill(int(os.environ["DAEMON"]), signal.SIGKILL)
    t.join()
    say("an error", [e & select.POLLERR != 0 for e in done])


def tmpfile(mode=0o600, more=0):
    return os.open(DIR, os.O_TMPFILE | os.O_RDWR | more, mode)


def link(fd, name):
    """linkat(2) that follows, which os.link() does not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.linkat(-100, b"/proc/self/fd/%d" % fd, -100, at(name).encode(),
                   0x400) < 0:
        raise OSError(ctypes.get_errno(), name)


@check
def tmpfiles():
    log()
    fd = tmpfile(0o640)
    say("made", oct(os.fstat(fd).st_mode), os.fstat(fd).st_nlink)
    say("no name", sorted(os.listdir(DIR)))
    say(os.write(fd, b"content"), os.pread(fd, 20, 0), os.fstat(fd).st_size)
    say("linked", outcome(link, fd, "named"))
    say("named", open(at("named")).read(), os.fstat(fd).st_nlink,
        os.stat(at("named")).st_ino == os.fstat(fd).st_ino)
    say("there already", outcome(link, fd, "log"))
    os.close(fd)
    say("stays", open(at("named")).read())
    os.unlink(at("named"))
    fd = tmpfile(more=os.O_EXCL)
    say("not to be linked", outcome(link, fd, "other"))
    os.close(fd)
    say([x for x in log() if x.startswith(("tmpfile", "link"))])


def birth(name):
    class Statx(ctypes.Structure):
        _fields_ = [("mask", ctypes.c_uint32), ("blksize", ctypes.c_uint32),
                    ("pad", ctypes.c_uint64 * 9),
                    ("btime", ctypes.c_int64), ("nsec", ctypes.c_uint32),
                    ("more", ctypes.c_uint64 * 30)]
    libc = ctypes.CDLL(None, use_errno=True)
    out = Statx()
    if libc.statx(-100, at(name).encode(), 0x100, 0xfff,
                  ctypes.byref(out)) < 0:
        return errno.errorcode[ctypes.get_errno()]
    return bool(out.mask & 0x800), out.btime, out.nsec


@check
def statx():
    say("born", birth("ready"), birth("log"), birth("."))
    os.close(os.open(at("new"), os.O_CREAT | os.O_WRONLY))
    say("a new one", birth("new"))
    say("not there", birth("nowhere"))
    os.unlink(at("new"))


def shape(lines):
    """Runs of writes as one, whatever their borders."""
    out = []
    for line in lines:
        word = line.split()[0]
        if word != "write" or out[-1:] != ["write"]:
            out.append(word)
    return out


def few(lines):
    return sum(1 for x in lines if x.startswith("write")) < 20


@check
def writeback():
    log()
    fd = os.open(at("wb"), os.O_CREAT | os.O_RDWR, 0o600)
    for i in range(5000):
        os.write(fd, b"line %04d\n" % i)
    st = os.fstat(fd)
    say("size", st.st_size, os.stat(at("wb")).st_size)
    say("the time is ours", abs(st.st_mtime - time.time()) < 5)
    time.sleep(0.05)
    say("and stays", os.stat(at("wb")).st_mtime_ns == st.st_mtime_ns)
    say("read", os.pread(fd, 10, 40000), len(open(at("wb")).read()))
    other = os.open(at("wb"), os.O_RDONLY)
    say("by another", os.pread(other, 10, 20))
    os.close(other)
    os.pwrite(fd, b"LINE", 0)
    os.pwrite(fd, b"LINE", 30000)
    os.fsync(fd)
    lines = log()
    say("fsync", shape(lines)[-3:], few(lines))
    os.write(fd, b"last")
    st = os.fstat(fd)
    os.close(fd)
    lines = log()
    # the kernel may keep the time for later still
    say("close", [x for x in shape(lines) if x != "mtime"], few(lines))
    say("the same time", os.stat(at("wb")).st_mtime_ns == st.st_mtime_ns)
    data = open(at("wb"), "rb").read()
    say("content", len(data), data[:10], data[30000:30010], data[-4:])


@check
def writeback_changes():
    fd = os.open(at("cut"), os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
    os.write(fd, b"0123456789")
    os.ftruncate(fd, 4)
    say("cut", os.fstat(fd).st_size, os.pread(fd, 20, 0))
    os.write(fd, b"end")
    say("appended", os.pread(fd, 20, 0), os.path.getsize(at("cut")))
    os.write(fd, b"more")
    os.utime(at("cut"), (1, 7))
    say("dated", os.fstat(fd).st_mtime)
    os.close(fd)
    say("stays", os.stat(at("cut")).st_mtime, open(at("cut")).read())
    log()
    fd = os.open(at("cut"), os.O_WRONLY | os.O_DSYNC)
    os.write(fd, b"X")
    say("at once", "fsync" in log())
    os.close(fd)
    pid = os.fork()
    if pid == 0:
        fd = os.open(at("gone"), os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(fd, b"by a process that ends")
        os._exit(0)
    os.waitpid(pid, 0)
    say("read", open(at("gone")).read())
    fd = os.open(at("gone"), os.O_WRONLY)
    os.write(fd, b"BY")
    os.unlink(at("gone"))
    os.write(fd, b"x")
    say("nameless", os.fstat(fd).st_size)
    os.close(fd)
    os.sync()


@check
def seeks():
    """Files that are opened as not seekable, and as streams."""
    for name in ("plain", "nonseekable", "stream"):
        for flags in (os.O_CREAT | os.O_RDWR, os.O_RDONLY, os.O_RDWR,
                      os.O_WRONLY, os.O_WRONLY | os.O_APPEND):
            fd = os.open(at(name), flags, 0o600)
            say(name, "flags %o" % (flags & ~os.O_CREAT))
            say(" write", [outcome(os.write, fd, b"abcdef") for _ in "12"])
            for how in range(6):
                say(" lseek", how, outcome(os.lseek, fd, 2, how))
            say(" pread", outcome(os.pread, fd, 4, 1))
            say(" preadv", outcome(os.preadv, fd, [bytearray(3)], 1))
            say(" pwrite", outcome(os.pwrite, fd, b"xy", 2))
            say(" read", [outcome(os.read, fd, 3) for _ in "12"])
            say(" readv", outcome(os.readv, fd, [bytearray(2), bytearray(2)]))
            say(" size", os.fstat(fd).st_size)
            os.close(fd)
        fd = os.open(at(name), os.O_RDONLY)
        to = os.open(at("copy"), os.O_RDWR | os.O_CREAT, 0o600)
        say(" sendfile", outcome(os.sendfile, to, fd, 1, 4))
        say(" sendfile", outcome(os.sendfile, to, fd, None, 4))
        pipe = os.pipe()
        say(" splice", outcome(os.splice, fd, pipe[1], 3))
        say(" splice at", outcome(os.splice, fd, pipe[1], 3, 1))
        os.close(pipe[0])
        os.close(pipe[1])
        say(" copy", outcome(os.copy_file_range, fd, to, 2, 0, 0))
        os.close(to)
        os.close(fd)
        say(" holds", open(at(name), "rb").read(12))


@check
def long_names():
    """FUSE has room for 1024 bytes, where file systems have 255. (Of more than
    that since Linux 6.15, if the daemon asks for it.)"""
    for n in (255, 256, 1023, 1024):
        name = "n" * n
        say(n, "absent", outcome(os.stat, at(name)))
        fd = outcome(os.open, at(name), os.O_CREAT | os.O_WRONLY, 0o600)
        if isinstance(fd, str):
            say(" open", fd)
            continue
        os.write(fd, b"text")
        os.close(fd)
        say(" size", outcome(lambda: os.stat(at(name)).st_size))
        say(" read", outcome(lambda: open(at(name)).read()))
        say(" listed", name in os.listdir(DIR))
        say(" as a directory", outcome(os.stat, at(name + "/x")))
        fd = outcome(os.open, at(name), os.O_PATH)
        link = outcome(os.readlink, "/proc/self/fd/%s" % fd)
        say(" by descriptor", os.path.basename(link) == name)
        if not isinstance(fd, str):
            os.close(fd)
        say(" removed", outcome(os.unlink, at(name)), name in os.listdir(DIR))


@check
def wrong_listings():
    """An entry without a name, and one that is not whole."""
    for name in ("lists-no-name", "lists-half"):
        os.close(os.open(at(name), os.O_CREAT | os.O_WRONLY, 0o600))
        found = outcome(os.listdir, DIR)
        say(name, name in found if isinstance(found, list) else found)
        os.unlink(at(name))
        say(" after", name in os.listdir(DIR))


def main():
    signal.alarm(60)
    for name in sys.argv[2:]:
        say("-", name)
        CHECKS[name]()


main()
