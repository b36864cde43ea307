#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""permissions.py DIR - what users 1 and 2 may do in an empty directory.

Run by root, or by the virtual root of umview --secure. One line each: what
was tried, and 0 or the name of the error. The host kernel's lines are right.
"""
import errno
import os
import socket
import subprocess
import sys

os.umask(0)
os.chdir(sys.argv[1])
os.chmod(".", 0o755)


def touch(name, mode, uid=1, gid=1):
    with open(name, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nexit 0\n")
    os.chown(name, uid, gid)
    os.chmod(name, mode)


def folder(name, mode, uid=1, gid=1):
    os.mkdir(name)
    os.chown(name, uid, gid)
    os.chmod(name, mode)


def name_of(err):
    return errno.errorcode.get(err, str(err)) if err else "0"


def attempt(fn):
    try:
        ret = fn()
    except OSError as e:
        return name_of(e.errno)
    return "no" if ret is False else "0"


def as_user(uid, gid, groups, what, fn):
    """Try fn in a child with these ids, and print how it went."""
    rd, wr = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        os.write(wr, attempt(fn).encode())
        os._exit(0)
    os.close(wr)
    print(f"{uid}:{gid}{groups or ''} {what}: {os.read(rd, 99).decode()}")
    os.close(rd)
    os.waitpid(pid, 0)


def can_open(name, flags):
    return lambda: os.close(os.open(name, flags, 0o644))


def send(name):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(name)


def bind(name):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(name)


def setup():
    for mode in 0o700, 0o640, 0o604, 0o200, 0o111:
        touch(f"f{mode:o}", mode)
    folder("closed", 0o700)
    touch("closed/f", 0o666)
    folder("list", 0o744)
    touch("list/f", 0o666)
    folder("search", 0o711)
    touch("search/f", 0o666)
    folder("all", 0o777)
    folder("all/theirs", 0o700)
    touch("all/f", 0o600)
    folder("sticky", 0o1777)
    touch("sticky/f", 0o666)
    touch("sticky/mine", 0o666, 2, 2)
    folder("group", 0o770)
    touch("suid", 0o4755, 2, 2)
    os.symlink("closed/f", "link")
    os.mkfifo("fifo", 0o600)
    global listener
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("sock")
    listener.listen(9)
    os.chmod("sock", 0o755)


def opens(who):
    files = [f for f in sorted(os.listdir(".")) if f.startswith("f")]
    for f in files + ["closed/f", "list/f", "search/f", "link", "closed/..",
                      "list/.", "fifo"]:
        for word, flags in (("r", os.O_RDONLY), ("w", os.O_WRONLY),
                            ("rw", os.O_RDWR), ("path", os.O_PATH)):
            as_user(*who, f"open {f} {word}",
                    can_open(f, flags | os.O_NONBLOCK))
        for word, mode in ("r", os.R_OK), ("w", os.W_OK), ("x", os.X_OK):
            as_user(*who, f"access {f} {word}", lambda: os.access(f, mode))
    for d in "closed", "list", "search", "all", "group":
        as_user(*who, f"list {d}", lambda: os.listdir(d) and None)
        as_user(*who, f"chdir {d}", lambda: os.chdir(d))
        as_user(*who, f"create in {d}",
                can_open(f"{d}/new{who[0]}{who[1]}", os.O_CREAT | os.O_WRONLY))
    for f in files:
        as_user(*who, f"stat {f}", lambda: os.stat(f) and None)
        as_user(*who, f"exec {f}", lambda: subprocess.run(["./" + f],
                                                          check=False) and None)
    as_user(*who, "stat through a closed one",
            lambda: os.stat("closed/f") and None)
    as_user(*who, "noatime", can_open("f604", os.O_RDONLY | os.O_NOATIME))


def changes(who):
    as_user(*who, "chmod", lambda: os.chmod("f604", 0o604))
    as_user(*who, "chown to myself", lambda: os.chown("f604", who[0], -1))
    as_user(*who, "chgrp to mine", lambda: os.chown("f604", -1, who[1]))
    as_user(*who, "chgrp to 77", lambda: os.chown("f604", -1, 77))
    as_user(*who, "utime", lambda: os.utime("f604", (1, 1)))
    as_user(*who, "touch", lambda: os.utime("f604"))
    as_user(*who, "touch what is writable", lambda: os.utime("sticky/f"))
    as_user(*who, "truncate", lambda: os.truncate("f604", 3))
    as_user(*who, "setxattr",
            lambda: os.setxattr("f604", "user.a", b"x"))
    as_user(*who, "getxattr, closed",
            lambda: os.getxattr("f200", "user.a"))
    as_user(*who, "connect", lambda: send("sock"))
    as_user(*who, "bind", lambda: bind("here"))
    as_user(*who, "bind in all", lambda: bind(f"all/s{who[0]}{who[1]}"))


def names(who):
    me = f"{who[0]}{who[1]}"
    for d in ".", "closed", "all", "sticky", "group":
        as_user(*who, f"mkdir in {d}", lambda: os.mkdir(f"{d}/d{me}"))
        as_user(*who, f"mkfifo in {d}", lambda: os.mkfifo(f"{d}/p{me}"))
        as_user(*who, f"symlink in {d}", lambda: os.symlink("x", f"{d}/l{me}"))
        as_user(*who, f"rename in {d}",
                lambda: os.rename(f"{d}/p{me}", f"{d}/q{me}"))
        as_user(*who, f"rmdir in {d}", lambda: os.rmdir(f"{d}/d{me}"))
        as_user(*who, f"unlink in {d}", lambda: os.unlink(f"{d}/q{me}"))
    as_user(*who, "device", lambda: os.mknod("all/null", 0o20666, 0x103))
    as_user(*who, "mkdir of what is there", lambda: os.mkdir("closed"))
    as_user(*who, "unlink of what is not", lambda: os.unlink("nothing"))
    as_user(*who, "unlink in a sticky one", lambda: os.unlink("sticky/f"))
    as_user(*who, "rename out of a sticky one",
            lambda: os.rename("sticky/mine", "all/mine"))
    as_user(*who, "move of a directory",
            lambda: os.rename("all/theirs", "sticky/theirs"))


def made_by(uid, gid):
    def make():
        os.umask(0o27)
        os.mkdir("all/made")
        os.close(os.open("all/made/f", os.O_CREAT | os.O_WRONLY, 0o666))
    as_user(uid, gid, [], "make", make)
    for name in "all/made", "all/made/f":
        st = os.stat(name)
        print(f"{name}: {st.st_uid}:{st.st_gid} {st.st_mode:o}")


setup()
for who in (2, 2, []), (1, 1, []), (2, 2, [1]), (2, 1, []), (0, 0, []):
    opens(who)
    changes(who)
    names(who)
made_by(5, 6)
as_user(2, 2, [], "mount", lambda: subprocess.run(
    ["mount", "-t", "ramfs", "none", "closed"], check=False,
    stderr=subprocess.DEVNULL).returncode == 0)
