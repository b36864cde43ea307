# SPDX-License-Identifier: GPL-2.0-or-later
"""The mount calls of Linux 5.2 and later: what each answers, line by line.

mount_api.py DIR IMAGE: what only a view has.
mount_api.py DIR: what is printed is the same in a view and in a mount namespace
of root's (mount_api.expected).
"""
import ctypes
import errno
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
NR = {"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431,
      "fsmount": 432, "fspick": 433, "mount_setattr": 442}
CWD = -100
EMPTY = 0x1000
RECURSIVE = 0x8000
CLONE = 1
CLOEXEC = os.O_CLOEXEC
FLAG, STRING, BINARY, PATH, PATH_EMPTY, FD, CREATE, RECONF = range(8)


def arg(a):
    if isinstance(a, str):
        a = a.encode()
    if isinstance(a, bytes):
        return ctypes.c_char_p(a)
    return ctypes.c_long(a or 0)


def call(name, *args):
    """The result, or the name of the error."""
    ret = libc.syscall(ctypes.c_long(NR[name]), *[arg(a) for a in args])
    return ret if ret >= 0 else errno.errorcode[ctypes.get_errno()]


def is_fd(got):
    return "a descriptor" if isinstance(got, int) else got


def say(what, *got):
    print(f"{what}:", *got, flush=True)


def attempt(fn, *args):
    """What a call of os gives, or the name of its error."""
    try:
        return fn(*args)
    except OSError as e:
        return errno.errorcode[e.errno]


def read(path, dir_fd=None):
    fd = attempt(lambda: os.open(path, os.O_RDONLY, dir_fd=dir_fd))
    if isinstance(fd, str):
        return fd
    with os.fdopen(fd) as f:
        return f.read().strip()


def write(path, text, dir_fd=None):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644,
                 dir_fd=dir_fd)
    with os.fdopen(fd, "w") as f:
        f.write(text)


def mounted():
    """Mounts below the directory: place, type, flags."""
    here = os.getcwd() + "/"
    for line in open("/proc/self/mountinfo"):
        word = line.split()
        if word[4].startswith(here):
            yield word[4][len(here):], word[5]


def show(what):
    say(what, sorted(mounted()))


def umount(path, flags=0):
    ret = libc.umount2(path.encode(), flags)
    return "ok" if ret == 0 else errno.errorcode[ctypes.get_errno()]


def setattr_of(fd, path, flags, on, off, propagation=0, size=32):
    text = struct.pack("QQQQ", on, off, propagation, 0)
    text += bytes(max(0, size - 32))
    return call("mount_setattr", fd, path, flags, text, size)


def context(*settings, kind="tmpfs"):
    """A context with these settings, created."""
    fs = call("fsopen", kind, 1)
    for key, value in settings:
        call("fsconfig", fs, STRING, key, value, 0)
    return fs, call("fsconfig", fs, CREATE, 0, 0, 0)


def tree(*settings, attrs=0):
    fs, ret = context(*settings)
    assert ret == 0, ret
    fd = call("fsmount", fs, 1, attrs)
    os.close(fs)
    return fd


def part_open():
    say("fsopen, flags", call("fsopen", "tmpfs", 2))
    say("fsopen, nowhere", call("fsopen", 0, 0))
    say("fsopen, bad pointer", call("fsopen", 8, 0))
    say("fsopen, unknown", call("fsopen", "nosuchfs", 0))
    say("fsopen, no type", call("fsopen", "", 0))
    for flags in 0, 1:
        fs = call("fsopen", "tmpfs", flags)
        say("fsopen", is_fd(fs), "inherited", os.get_inheritable(fs))
        os.close(fs)
    fs = call("fsopen", "tmpfs", 1)
    say("read of nothing", attempt(os.read, fs, 100))
    say("write", attempt(os.write, fs, b"x"))
    say("fsmount before", call("fsmount", fs, 0, 0))
    say("reconfigure before", call("fsconfig", fs, RECONF, 0, 0, 0))
    twin = os.dup(fs)
    os.close(fs)
    say("by its duplicate", call("fsconfig", twin, CREATE, 0, 0, 0))
    say("fsmount", is_fd(call("fsmount", twin, 1, 0)))
    os.close(twin)
    say("closed", call("fsconfig", twin, CREATE, 0, 0, 0))


def part_config():
    fs = call("fsopen", "tmpfs", 1)
    null = os.open("/dev/null", os.O_RDWR)
    for what, args in {
            "flag with a value": (FLAG, "ro", "x", 0),
            "flag with a number": (FLAG, "ro", 0, 1),
            "flag without a key": (FLAG, 0, 0, 0),
            "string without a value": (STRING, "size", 0, 0),
            "string with a number": (STRING, "size", "1M", 1),
            "binary of no size": (BINARY, "size", "x", 0),
            "binary too large": (BINARY, "size", "x", 1 << 21),
            "binary": (BINARY, "size", "x", 1),
            "path without a value": (PATH, "size", 0, 0),
            "path from nowhere": (PATH, "size", "/", -5),
            "descriptor with a value": (FD, "size", "x", 0),
            "a negative descriptor": (FD, "size", 0, -1),
            "create with a key": (CREATE, "x", 0, 0),
            "reconfigure with a number": (RECONF, 0, 0, 1),
            "unknown": (77, 0, 0, 0),
            "source": (STRING, "source", "one", 0),
            "another source": (STRING, "source", "two", 0),
            "a source that is a flag": (FLAG, "source", 0, 0),
            "ro": (FLAG, "ro", 0, 0),
            "rw": (FLAG, "rw", 0, 0),
            "size": (STRING, "size", "1M", 0)}.items():
        say(what, call("fsconfig", fs, *args))
    say("of no descriptor", call("fsconfig", -1, CREATE, 0, 0, 0))
    say("of a closed one", call("fsconfig", 999, CREATE, 0, 0, 0))
    say("of another", call("fsconfig", null, CREATE, 0, 0, 0))
    say("a bad key", call("fsconfig", fs, FLAG, 8, 0, 0))
    say("a bad value", call("fsconfig", fs, STRING, "size", 8, 0))
    say("a long key", call("fsconfig", fs, FLAG, "k" * 300, 0, 0))
    say("fsmount of another", call("fsmount", null, 0, 0))
    say("fsmount of a closed one", call("fsmount", 999, 0, 0))
    while isinstance(attempt(os.read, fs, 4096), bytes):
        pass
    say("create", call("fsconfig", fs, CREATE, 0, 0, 0))
    say("create again", call("fsconfig", fs, CREATE, 0, 0, 0))
    say("set after it", call("fsconfig", fs, STRING, "size", "2M", 0))
    say("fsmount, flags", call("fsmount", fs, 2, 0))
    say("fsmount, attributes", call("fsmount", fs, 0, 1 << 30))
    say("fsmount, times", call("fsmount", fs, 0, 0x30))
    fd = call("fsmount", fs, 1, 0)
    say("fsmount", is_fd(fd))
    say("fsmount again", call("fsmount", fs, 1, 0))
    os.close(fd)
    os.close(fs)


def part_messages():
    fs = call("fsopen", "tmpfs", 1)
    call("fsconfig", fs, STRING, "source", "one", 0)
    call("fsconfig", fs, STRING, "source", "two", 0)
    say("too short", attempt(os.read, fs, 3))
    say("and then", attempt(os.read, fs, 100))
    call("fsconfig", fs, STRING, "source", "two", 0)
    text = attempt(os.read, fs, 100)
    say("a message", text[:2], text[-1:] == b"\n", text.count(b"\n"))
    say("and then", attempt(os.read, fs, 100))
    for _ in range(20):
        call("fsconfig", fs, STRING, "source", "two", 0)
    count = 0
    while isinstance(attempt(os.read, fs, 100), bytes):
        count += 1
    say("messages kept", count)
    os.close(fs)
    # where a wrong value is met: when it is set, or when the mount is made
    fs = call("fsopen", "tmpfs", 1)
    first = call("fsconfig", fs, STRING, "size", "nonsense", 0)
    then = call("fsconfig", fs, CREATE, 0, 0, 0)
    say("a wrong value", "EINVAL" in (first, then))
    text = attempt(os.read, fs, 1000)
    say("and why", isinstance(text, bytes) and text[:2])
    os.close(fs)


def part_tree():
    fd = tree(("size", "1M"), ("mode", "750"))
    say("opened", attempt(os.read, fd, 1))
    say("its mode", oct(os.fstat(fd).st_mode))
    write("f", "floating", dir_fd=fd)
    say("a file in it", read("f", dir_fd=fd))
    os.mkdir("d", dir_fd=fd)
    sub = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
    write("g", "deep", dir_fd=sub)
    say("up", os.path.samestat(os.stat("..", dir_fd=sub), os.fstat(fd)))
    say("up and out",
        os.path.samestat(os.stat("../..", dir_fd=sub), os.fstat(fd)))
    show("nowhere yet")
    pid = os.fork()
    if pid == 0:
        say("in a child", read("d/g", dir_fd=fd))
        os._exit(0)
    os.waitpid(pid, 0)
    say("not its root", call("move_mount", sub, "", CWD, "a", 4))
    say("on a file", call("move_mount", fd, "", CWD, "file", 4))
    say("on nothing", call("move_mount", fd, "", CWD, "nowhere/at/all", 4))
    say("without the flag", call("move_mount", fd, "", CWD, "a", 0))
    say("flags", call("move_mount", fd, "", CWD, "a", 0x1000))
    twin = os.dup(fd)
    say("attached", call("move_mount", twin, "", CWD, "a", 4))
    show("there")
    say("a file", read("a/f"), read("a/d/g"), read("f", dir_fd=fd))
    say("its source", [l.split(" - ")[1].split()[:2]
                       for l in open("/proc/self/mountinfo")
                       if os.getcwd() + "/a " in l])
    say("busy", umount("a"))
    os.close(sub)
    say("still", umount("a"))
    os.close(twin)
    say("moved by its descriptor", call("move_mount", fd, "", CWD, "b", 4))
    say("a file", read("b/f"), read("a/f"))
    say("moved by name", call("move_mount", CWD, "b", CWD, "c", 0))
    say("a file", read("c/f"), read("b/f"))
    say("no mount", call("move_mount", CWD, "a", CWD, "b", 0))
    say("into itself", call("move_mount", CWD, "c", CWD, "c/d", 0))
    os.close(fd)
    say("gone", umount("c"))
    # nobody ever gave it a place
    fd = tree(("size", "1M"))
    os.close(fd)
    say("a closed one", call("move_mount", fd, "", CWD, "a", 4))
    show("nothing is left")


def part_attributes():
    fd = tree(("source", "none"), attrs=1 | 2 | 8)
    say("floating", attempt(lambda: os.mkdir("x", dir_fd=fd)))
    say("cleared", setattr_of(fd, "", EMPTY, 0, 1))
    say("now", attempt(lambda: os.mkdir("x", dir_fd=fd)))
    say("attached", call("move_mount", fd, "", CWD, "a", 4))
    show("flags")
    say("by its descriptor", setattr_of(fd, "", EMPTY, 1 | 4, 2 | 8))
    show("flags")
    say("a write", attempt(os.mkdir, "a/y"))
    say("by name", setattr_of(CWD, "a", 0, 0x10, 0x70 | 1 | 4))
    show("flags")
    say("a write", attempt(os.mkdir, "a/y"))
    say("strict times", setattr_of(CWD, "a", 0, 0x20, 0x70))
    say("back", setattr_of(CWD, "a", 0, 0, 0x70))
    show("flags")
    for what, args in {
            "nothing": (0, 0, 0), "times not cleared": (0, 0x10, 0),
            "times half cleared": (0, 0x10, 0x10),
            "times, two": (0, 0x30, 0x70), "unknown bits": (0, 1 << 40, 0),
            "unknown bits cleared": (0, 0, 1 << 40),
            "flags": (0x4, 0, 1), "ids": (0, 0, 0x100000)}.items():
        say(what, setattr_of(CWD, "a", *args))
    say("two propagations", setattr_of(CWD, "a", 0, 0, 0, (1 << 18) | (1 << 19)))
    say("a wrong one", setattr_of(CWD, "a", 0, 0, 0, 1))
    say("private", setattr_of(CWD, "a", 0, 0, 0, 1 << 18))
    say("too small", setattr_of(CWD, "a", 0, 1, 0, size=31))
    say("larger", setattr_of(CWD, "a", 0, 1, 0, size=64))
    say("too large", setattr_of(CWD, "a", 0, 1, 0, size=5000))
    say("not zero", call("mount_setattr", CWD, "a", 0,
                         struct.pack("QQQQQ", 1, 0, 0, 0, 7), 40))
    say("a bad pointer", call("mount_setattr", CWD, "a", 0, 8, 32))
    say("no mount point", setattr_of(CWD, "b", 0, 1, 0))
    say("nowhere", setattr_of(CWD, "nowhere", 0, 1, 0))
    say("not of a file", setattr_of(CWD, "a/x", 0, 1, 0))
    os.close(fd)
    say("gone", umount("a"))


def part_clone():
    fd = call("open_tree", CWD, "src", CLONE | CLOEXEC)
    say("cloned", is_fd(fd), os.get_inheritable(fd))
    say("a file", read("f", dir_fd=fd))
    show("nowhere yet")
    say("attached", call("move_mount", fd, "", CWD, "a", 4))
    say("read-only", setattr_of(fd, "", EMPTY | RECURSIVE, 1, 0))
    os.close(fd)
    show("flags")
    say("a write", attempt(os.mkdir, "a/n"), attempt(os.mkdir, "src/n"))
    say("a file", read("a/f"), sorted(os.listdir("a")))
    say("gone", umount("a"))
    fd = call("open_tree", CWD, "src/f", CLONE | CLOEXEC)
    say("of a file", is_fd(fd))
    say("on a directory", call("move_mount", fd, "", CWD, "a", 4))
    say("on a file", call("move_mount", fd, "", CWD, "file", 4))
    os.close(fd)
    say("a file", read("file"))
    say("gone", umount("file"))
    # the tree of something that is unmounted meanwhile
    fd = tree(("size", "1M"))
    call("move_mount", fd, "", CWD, "b", 4)
    os.close(fd)
    write("b/f", "kept")
    fd = call("open_tree", CWD, "b", CLONE | CLOEXEC | RECURSIVE)
    say("unmounted", umount("b"))
    say("a file", read("f", dir_fd=fd))
    say("attached", call("move_mount", fd, "", CWD, "c", 4))
    os.close(fd)
    say("a file", read("c/f"))
    say("gone", umount("c"))
    say("recursive alone", call("open_tree", CWD, "src", RECURSIVE))
    say("flags", call("open_tree", CWD, "src", 2))
    say("nowhere", call("open_tree", CWD, "nowhere", CLONE))
    say("empty", call("open_tree", CWD, "", CLONE))
    # without a clone it is open(2) with O_PATH
    fd = tree(("size", "1M"))
    call("move_mount", fd, "", CWD, "b", 4)
    os.close(fd)
    for name in "src", "b":
        fd = call("open_tree", CWD, name, CLOEXEC)
        say("no clone", is_fd(fd), attempt(os.read, fd, 1),
            os.path.samestat(os.fstat(fd), os.stat(name)),
            os.get_inheritable(fd))
        say("is a mount", call("move_mount", fd, "", CWD, "c", 4))
        os.close(fd)
    show("moved")
    say("gone", umount("c"))


def part_pick():
    fd = tree(("size", "1M"), ("source", "src"))
    call("move_mount", fd, "", CWD, "a", 4)
    os.close(fd)
    fs = call("fspick", CWD, "a", 1)
    say("picked", is_fd(fs), os.get_inheritable(fs))
    say("create", call("fsconfig", fs, CREATE, 0, 0, 0))
    say("fsmount", call("fsmount", fs, 0, 0))
    say("size", call("fsconfig", fs, STRING, "size", "2M", 0))
    say("reconfigured", call("fsconfig", fs, RECONF, 0, 0, 0))
    say("blocks", os.statvfs("a").f_blocks * os.statvfs("a").f_frsize)
    say("ro", call("fsconfig", fs, FLAG, "ro", 0, 0))
    say("reconfigured", call("fsconfig", fs, RECONF, 0, 0, 0))
    say("a write", attempt(os.mkdir, "a/x"))
    say("rw", call("fsconfig", fs, FLAG, "rw", 0, 0))
    say("reconfigured", call("fsconfig", fs, RECONF, 0, 0, 0))
    say("a write", attempt(os.mkdir, "a/x"))
    os.close(fs)
    say("flags", call("fspick", CWD, "a", 0x100))
    say("no mount point", call("fspick", CWD, "b", 0))
    say("in it", call("fspick", CWD, "a/x", 0))
    say("nowhere", call("fspick", CWD, "nowhere", 0))
    say("gone", umount("a"))


def types_of_a_view(image):
    """What the view serves itself, and what it leaves to mount(2)."""
    for kind in ("viewfs", "viewfshide", "umdevramdisk", "umnetnull", "fuse",
                 "fuse.sshfs", "umbinfmt", "binfmt_misc", "umdevpart"):
        assert call("fsopen", kind, 1) == "ENOSYS", kind
    for kind in ("ext4", "umfuseext2", "ramfs", "overlay", "proc", "sysfs",
                 "umfusearchive", "squashfs"):
        os.close(call("fsopen", kind, 1))
    fs, ret = context(("source", image), kind="umfuseext2")
    assert ret == 0, ret
    fd = call("fsmount", fs, 1, 0)
    os.close(fs)
    assert read("hello", dir_fd=fd) == "hello"
    # the image is in use as long as somebody has it open
    fs, ret = context(("source", image), kind="umfuseext2")
    assert ret == "EBUSY", ret
    assert b"mounted already" in os.read(fs, 1000)
    assert call("fsconfig", fs, STRING, "source", image, 0) == "EBUSY"
    os.close(fs)
    os.close(fd)
    fs, ret = context(("source", image), kind="ext4")
    assert ret == 0, ret
    # created, and never taken
    os.close(fs)
    fs, ret = context(("source", "/dev/null/nowhere"), kind="umfuseext2")
    assert ret in ("ENOTDIR", "ENOENT"), ret
    os.close(fs)
    fs, ret = context(("lowerdir+", os.getcwd() + "/src"),
                      ("lowerdir+", os.getcwd() + "/low"), kind="overlay")
    assert ret == 0, ret
    fd = call("fsmount", fs, 1, 0)
    assert read("f", dir_fd=fd) == "source"
    assert call("move_mount", fd, "", CWD, "a", 4) == 0
    assert sorted(os.listdir("a")) == ["f", "g"]
    os.close(fd)
    os.close(fs)
    assert umount("a") == "ok"
    # a mount point need not be there, in a view
    fd = tree(("size", "1M"))
    assert call("move_mount", fd, "", CWD, "phantom", 4) == 0
    assert "phantom" in os.listdir(".")
    os.close(fd)
    assert umount("phantom") == "ok"
    # at the end of the session the image is whole
    fs, ret = context(("source", image), kind="umfuseext2")
    fd = call("fsmount", fs, 1, 0)
    write("late", "late", dir_fd=fd)


def main():
    os.chdir(sys.argv[1])
    if sys.argv[2:]:
        types_of_a_view(sys.argv[2])
        return
    for name in "a", "b", "c", "src":
        os.mkdir(name)
    write("src/f", "source")
    write("file", "of its own")
    for name, part in list(globals().items()):
        if name.startswith("part_"):
            print("-", name[5:])
            part()


main()
