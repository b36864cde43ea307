#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""chattr.py - what attributes of files do, line by line

    chattr.py DIR

DIR is a directory of a mounted ext4, the kernel's or a view's, made by mke2fs
without metadata_csum. What is printed must be the same for both.
"""
import errno
import fcntl
import os
import struct
import subprocess
import sys

GETFLAGS, SETFLAGS = 0x80086601, 0x40086602
GETVERSION, SETVERSION = 0x80087601, 0x40087602
FSGETXATTR, FSSETXATTR = 0x801C581F, 0x401C5820
IMMUTABLE, APPEND = 0x10, 0x20
WRITE = os.O_WRONLY

os.chdir(sys.argv[1])


def show(what, call, *args):
    try:
        result = call(*args)
        if isinstance(result, int) and what.startswith("open"):
            os.close(result)
            result = "open"
        print("   ", what, result)
    except OSError as error:
        print("   ", what, errno.errorcode.get(error.errno, error.errno))


def ioctl(name, cmd, data):
    fd = os.open(name, os.O_RDONLY)
    try:
        return fcntl.ioctl(fd, cmd, data)
    finally:
        os.close(fd)


def flags(name):
    """And nothing is written beyond an int."""
    data = ioctl(name, GETFLAGS, b"\xaa" * 8)
    assert data[4:] == b"\xaa" * 4, data
    return struct.unpack("I", data[:4])[0]


def set_flags(name, value):
    ioctl(name, SETFLAGS, struct.pack("I", value) + b"\xff" * 4)
    return hex(flags(name))


def chattr(*args):
    done = subprocess.run(["chattr", *args], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip().split(": ")[-1]


def lsattr(*args):
    done = subprocess.run(["lsattr", *args], capture_output=True, text=True, check=False)
    return done.stdout.split()


def put(name, mode, data=b"x"):
    fd = os.open(name, mode)
    try:
        return os.write(fd, data)
    finally:
        os.close(fd)


def on_fd(name, mode, call, *args):
    fd = os.open(name, mode)
    try:
        return call(fd, *args)
    finally:
        os.close(fd)


def attempts(f, d):
    """Whatever changes file f, or what is in directory d."""
    for mode in ("O_RDONLY", "O_WRONLY", "O_RDWR", "O_WRONLY|O_APPEND", "O_WRONLY|O_TRUNC",
                 "O_WRONLY|O_APPEND|O_TRUNC", "O_WRONLY|O_CREAT", "O_RDWR|O_APPEND|O_CREAT"):
        bits = 0
        for word in mode.split("|"):
            bits |= getattr(os, word)
        show("open " + mode, os.open, f, bits)
    show("write", put, f, WRITE)
    show("append", put, f, WRITE | os.O_APPEND)
    show("size", lambda: os.stat(f).st_size)
    show("truncate", os.truncate, f, 1)
    show("ftruncate", on_fd, f, WRITE | os.O_APPEND, os.ftruncate, 1)
    show("fallocate", on_fd, f, WRITE | os.O_APPEND, os.posix_fallocate, 0, 4096)
    show("chmod", os.chmod, f, 0o600)
    show("chown", os.chown, f, os.getuid(), os.getgid())
    show("touch", os.utime, f)
    show("utime", os.utime, f, (1, 1))
    show("setxattr", os.setxattr, f, "user.a", b"1")
    show("removexattr", os.removexattr, f, "user.a")
    show("link", os.link, f, "linked")
    show("rename", os.rename, f, "moved")
    show("rename back", os.rename, "moved", f)
    show("replace", lambda: (put("other", WRITE | os.O_CREAT), os.rename("other", f)))
    show("unlink", os.unlink, f)
    show("create", put, d + "/new", WRITE | os.O_CREAT)
    show("create there", put, d + "/old", WRITE | os.O_CREAT)
    show("exclusively", put, d + "/old", WRITE | os.O_CREAT | os.O_EXCL)
    show("mkdir", os.mkdir, d + "/newdir")
    show("mkdir there", os.mkdir, d + "/olddir")
    show("symlink", os.symlink, "x", d + "/sym")
    show("mknod", os.mkfifo, d + "/fifo")
    show("link in", os.link, "plain", d + "/hard")
    show("rename in", os.rename, "plain2", d + "/in")
    show("rename out", os.rename, d + "/old2", "out")
    show("rename within", os.rename, d + "/old3", d + "/old4")
    show("remove", os.unlink, d + "/old")
    show("remove none", os.unlink, d + "/none")
    show("remove a directory", os.rmdir, d + "/olddir")
    show("chmod of it", os.chmod, d, 0o700)
    show("touch of it", os.utime, d)
    show("rename of it", os.rename, d, "d2")
    show("rename of it back", os.rename, "d2", d)
    show("setxattr of it", os.setxattr, d, "user.a", b"1")
    show("rmdir of it", os.rmdir, d)
    show("names", lambda: sorted(os.listdir(d)))


def world(letter):
    top = "w" + letter
    os.mkdir(top)
    os.chdir(top)
    os.mkdir("d")
    os.mkdir("d/olddir")
    for name in ("f", "plain", "plain2", "d/old", "d/old2", "d/old3"):
        put(name, WRITE | os.O_CREAT, b"content")
    open_before = os.open("f", WRITE)
    if letter != "-":
        print("+" + letter, chattr("+" + letter, "f", "d"), lsattr("-d", "f", "d"))
    attempts("f", "d")
    show("written by an old descriptor", os.write, open_before, b"y")
    show("truncated by it", os.ftruncate, open_before, 0)
    os.close(open_before)
    for name in ("f", "d"):
        if os.path.exists(name):
            print("-" + letter, chattr("-" + letter, name), lsattr("-d", name))
            show("chmod then", os.chmod, name, 0o755)
    os.chdir("..")


def several():
    put("s", WRITE | os.O_CREAT)
    os.mkdir("sd")
    for words in ("+d", "+A", "+S", "+c", "+s", "+u", "-d", "+t", "+D", "+T", "=", "+ia", "+d", "-i+d", "=", "+e"):
        print(words, chattr(words, "s")[0], lsattr("-d", "s"), chattr(words, "sd")[0], lsattr("-d", "sd"))
        if "i" in words or "a" in words:
            print("    still", chattr("+i", "s")[0], lsattr("-d", "s"))
    chattr("=", "s", "sd")
    for value in (0, 0x80, 0x40, 0x1000, 0x80000, 0x80080, 0x1, 0x10000, 0x20000000, 0x00800000, 0x08000000,
                  0x80000000, 0x30, 0x90, 0x80030, 0x80090, 0x80010, 0x80000):
        show("set %x" % value, set_flags, "s", value)
    chattr("=", "s")
    os.mkdir("inherit")
    print(chattr("+dAS", "inherit"))
    put("inherit/file", WRITE | os.O_CREAT)
    os.mkdir("inherit/dir")
    os.symlink("x", "inherit/sym")
    print(sorted(lsattr("-R", "inherit")))
    for name in ("s", "sd"):
        show("version", lambda n=name: ioctl(n, SETVERSION, struct.pack("I", 4711) + b"\xff" * 4) and
             struct.unpack("I", ioctl(n, GETVERSION, b"\0" * 8)[:4])[0])
        for xflags in (0, 0x8, 0x18, 0x40, 0x80, 0xE0):
            show("fsx %x" % xflags, lambda n=name, x=xflags: ioctl(n, FSSETXATTR, struct.pack("5I8s", x, 0, 0, 0, 0, b"")) and
                 (struct.unpack("5I8s", ioctl(n, FSGETXATTR, bytes(28))), hex(flags(n))))
        chattr("=", name)
        show("project", ioctl, name, FSSETXATTR, struct.pack("5I8s", 0, 0, 0, 7, 0, b""))
    show("unknown", ioctl, "s", 0x40049999, bytes(8))
    show("unknown of a directory", ioctl, "sd", 0x40049999, bytes(8))
    before = os.stat("s").st_ctime_ns
    chattr("+d", "s")
    print("time of the last change", os.stat("s").st_ctime_ns > before)


for which in "-ia":
    world(which)
several()
