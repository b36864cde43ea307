#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""overlay_ops.py WHAT DIR - each operation on each kind of name of an overlay.

WHAT, in the order in which they are called:
  lower   fill DIR, which a store is going to lie over
  states  in the merged DIR: change names so that each state is there
  ops     do each operation on a name of each state and type; say how it went
  list    everything that is below DIR

The states: L the lower directory's alone, U the store's alone, B in both, W
gone, O a directory that was removed and made again, N nothing. The kernel's
overlayfs and viewfs are to print the same lines.
"""
import errno
import os
import shutil
import stat
import sys

TYPES = ["file", "empty", "full", "link"]
STATES = ["L", "U", "B", "W", "O", "N"]
OPS = {}


def op(fn):
    OPS[fn.__name__] = fn
    return fn


def put(name, text, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o644):
    fd = os.open(name, flags, mode)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def make(name, kind, text):
    if kind == "file":
        put(name, text)
    elif kind == "link":
        os.symlink("to-" + text, name)
    else:
        os.mkdir(name)
        if kind == "full":
            put(name + "/in", text)
            os.mkdir(name + "/sub")
            put(name + "/sub/deep", text)


def remove(name):
    if os.path.isdir(name) and not os.path.islink(name):
        shutil.rmtree(name)
    else:
        os.unlink(name)


def touch_up(name, kind):
    """Makes it the store's too."""
    if kind == "file":
        put(name, "+", os.O_WRONLY | os.O_APPEND)
    elif kind == "link":
        os.utime(name, (5, 5), follow_symlinks=False)
    else:
        os.chmod(name, 0o750)
        if kind == "full":
            put(name + "/up", "up")


def names():
    for what in OPS:
        for state in STATES:
            for kind in TYPES:
                if state == "O" and kind not in ("empty", "full"):
                    continue
                yield what, state, kind, f"{what}/{state}.{kind}"


def lower(_):
    for what in OPS:
        os.mkdir(what)
        for kind in TYPES:
            make(f"{what}/to.{kind}", kind, "target")
    for _, state, kind, name in names():
        if state in "LBWO":
            make(name, kind, "lower")


def states(_):
    for _, state, kind, name in names():
        if state == "U":
            make(name, kind, "upper")
        elif state == "B":
            touch_up(name, kind)
        elif state == "W":
            remove(name)
        elif state == "O":
            remove(name)
            make(name, kind, "again")


def show(name):
    try:
        st = os.lstat(name)
    except OSError as e:
        return errno.errorcode[e.errno]
    mode = f"{st.st_mode:o}"
    if stat.S_ISLNK(st.st_mode):
        return f"link {os.readlink(name)}"
    if stat.S_ISREG(st.st_mode):
        with open(name, encoding="ascii") as f:
            return f"{mode} {st.st_nlink} {f.read()!r}"
    if not stat.S_ISDIR(st.st_mode):
        return mode
    inside = [f"{n}={show(name + '/' + n)}" for n in sorted(os.listdir(name))]
    return f"{mode} [{', '.join(inside)}]"


def numbers(name):
    """d_ino is st_ino; so says whoever lists and whoever looks."""
    where, last = os.path.split(name)
    for e in os.scandir(where):
        if e.name == last and e.inode() != os.lstat(name).st_ino:
            return " (another d_ino)"
    return ""


def keeps(name, fn):
    try:
        before = os.lstat(name).st_ino
    except OSError:
        before = None
    fn()
    if before is not None and os.lstat(name).st_ino != before:
        return "another st_ino"
    return None


@op
def read(name):
    with open(name, encoding="ascii") as f:
        return f.read()


@op
def append(name):
    return keeps(name,
                 lambda: put(name, "more", os.O_WRONLY | os.O_APPEND))


@op
def truncate_open(name):
    put(name, "t", os.O_WRONLY | os.O_TRUNC)


@op
def create(name):
    put(name, "c", os.O_RDWR | os.O_CREAT)


@op
def create_excl(name):
    put(name, "x", os.O_WRONLY | os.O_CREAT | os.O_EXCL)


@op
def create_below(name):
    put(name + "/new", "n", os.O_WRONLY | os.O_CREAT | os.O_EXCL)


@op
def truncate(name):
    os.truncate(name, 2)


@op
def mkdir(name):
    os.mkdir(name, 0o711)


@op
def mkdir_below(name):
    os.mkdir(name + "/new")


@op
def rmdir(name):
    os.rmdir(name)


@op
def unlink(name):
    os.unlink(name)


@op
def rmtree(name):
    shutil.rmtree(name)


@op
def remove_and_make(name):
    remove(name)
    os.mkdir(name)


@op
def remove_and_put(name):
    remove(name)
    put(name, "put", os.O_WRONLY | os.O_CREAT | os.O_EXCL)


@op
def chmod(name):
    return keeps(name, lambda: os.chmod(name, 0o700, follow_symlinks=True))


@op
def utime(name):
    keeps(name, lambda: os.utime(name, (7, 7), follow_symlinks=False))
    return os.lstat(name).st_mtime


@op
def xattr(name):
    os.setxattr(name, "user.x", b"1", follow_symlinks=False)
    return os.listxattr(name, follow_symlinks=False)


@op
def link(name):
    os.link(name, name + ".2", follow_symlinks=False)
    return show(name + ".2")


@op
def link_and_write(name):
    os.link(name, name + ".2", follow_symlinks=False)
    put(name + ".2", "w", os.O_WRONLY | os.O_APPEND)
    return show(name + ".2")


@op
def symlink(name):
    os.symlink("elsewhere", name)


@op
def mkfifo(name):
    os.mkfifo(name)
    return stat.S_ISFIFO(os.lstat(name).st_mode)


def move(a, b):
    """As mv does it: the kernel's overlayfs does not move directories."""
    try:
        os.rename(a, b)
    except OSError as e:
        if e.errno != errno.EXDEV:
            raise
        if os.path.isdir(b) and os.listdir(b):
            raise OSError(errno.ENOTEMPTY, "") from e
        if os.path.isdir(b):
            os.rmdir(b)
        shutil.copytree(a, b, symlinks=True)
        shutil.rmtree(a)


@op
def rename(name):
    move(name, name + ".2")
    return show(name + ".2")


@op
def rename_back(name):
    move(name, name + ".2")
    move(name + ".2", name)
    return show(name + ".2")


@op
def rename_over_file(name):
    put(name + ".2", "over")
    move(name, name + ".2")
    return show(name + ".2")


@op
def rename_over_lower(name):
    # one target for each type, the first state that gets there has it
    to = os.path.dirname(name) + "/to." + name.rsplit(".", 1)[1]
    move(name, to)
    return show(to)


@op
def rename_onto(name):
    put(name + ".2", "onto")
    os.rename(name + ".2", name)


@op
def rename_dir_onto(name):
    os.mkdir(name + ".2")
    put(name + ".2/f", "moved")
    move(name + ".2", name)


@op
def open_then_unlink(name):
    fd = os.open(name, os.O_RDONLY)
    try:
        os.unlink(name)
        return os.fstat(fd).st_size, os.read(fd, 99)
    finally:
        os.close(fd)


@op
def fchmod(name):
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fchmod(fd, 0o701)
        return oct(os.fstat(fd).st_mode)
    finally:
        os.close(fd)


@op
def futime(name):
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.utime(fd, (9, 9))
        return os.fstat(fd).st_mtime
    finally:
        os.close(fd)


@op
def fsetxattr(name):
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.setxattr(fd, "user.y", b"2")
        return os.listxattr(name)
    finally:
        os.close(fd)


@op
def reopen(name):
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        put(f"/proc/self/fd/{fd}", "R", os.O_WRONLY)
    finally:
        os.close(fd)


@op
def access(name):
    return [os.access(name, m) for m in (os.F_OK, os.R_OK, os.W_OK)]


def ops(_):
    for what, state, kind, name in names():
        try:
            how = OPS[what](name)
        except OSError as e:
            how = errno.errorcode[e.errno]
        after = show(name)
        if os.path.lexists(name):
            after += numbers(name)
        print(f"{what} {state} {kind}: {how}; {after}")
    for what in OPS:
        print(what, sorted(os.listdir(what)))


def list_all(_):
    for where, dirs, files in sorted(os.walk(".")):
        if where == "./.-" or where.startswith("./.-/"):
            continue
        dirs = [d for d in dirs if where != "." or d != ".-"]
        for name in sorted(dirs + files):
            path = os.path.join(where, name)
            print(path, "dir" if os.path.isdir(path) and
                  not os.path.islink(path) else
                  "fifo" if stat.S_ISFIFO(os.lstat(path).st_mode) else
                  show(path))


os.umask(0o022)
os.chdir(sys.argv[2])
{"lower": lower, "states": states, "ops": ops, "list": list_all}[sys.argv[1]](0)
