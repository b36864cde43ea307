#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""binfmt.py - what a binfmt_misc does with lines, commands and programs

    binfmt.py DIR WORK [register|files|exec]...

DIR is a mount of type binfmt_misc, the kernel's or a view's; WORK an empty
directory. Everything that is printed must be the same for both.
"""
import errno
import os
import random
import subprocess
import sys

MISC, WORK = sys.argv[1:3]
PARTS = sys.argv[3:] or ["register", "files", "exec"]


def name_of(error):
    return errno.errorcode.get(error.errno, str(error.errno))


def put(file, data):
    """One write(2) of bytes; how it ended."""
    if isinstance(data, str):
        data = data.encode("latin-1")
    try:
        fd = os.open(os.path.join(MISC, file), os.O_WRONLY)
    except OSError as error:
        return "open " + name_of(error)
    try:
        return str(os.write(fd, data))
    except OSError as error:
        return name_of(error)
    finally:
        os.close(fd)


def get(file):
    try:
        with open(os.path.join(MISC, file), "rb", 0) as stream:
            return stream.read()
    except OSError as error:
        return name_of(error)


def entries():
    return sorted(set(os.listdir(os.fsencode(MISC))) - {b"register", b"status"})


LINES = [
    "", ":", ":a", ":a:M::x::/b", ":a:M::x::/b:", ":a:M::x::/bin:", ":ab:M::x::/b:",
    ":ab:M::x::/b", ":abc:M::x::/b", ":abc:M::x:/b", ":abc:M:x:/b:", "::M::x::/bin:",
    ":.:M::x::/bin:", ":..:M::x::/bin:", ":...:M::x::/bin:", ":a/b:M::x::/bin:",
    ":register:M::x::/bin:", ":status:M::x::/bin:", ":new:M::x::/bin:\n",
    ":new:M::x::/bin:\n\n", ":new:M::x::/bin:PP", ":new:M::x::/bin:POCF",
    ":new:M::x::/usr/bin/env:POCF", ":new:M::x::/usr/bin/env:POCF\n",
    ":new:M::x::/bin:X", ":new:M::x::/bin:PX", ":new:M::x::/bin:P ",
    ":new:M::x::/bin:OC", ":new:M::x::/bin:CO", ":new:M::x::/none:F",
    ":new:M::x::/etc/passwd:F", ":new:M::x::relative:", ":new:M::x:::",
    ":new:M::x:y:/bin:", ":new:M::x:yz:/bin:", ":new:M:::y:/bin:", ":new:M::::/bin:",
    ":new:M:0:x::/bin:", ":new:M:-1:x::/bin:", ":new:M:-0:x::/bin:",
    ":new:M:+7:x::/bin:", ":new:M:007:x::/bin:", ":new:M:7 :x::/bin:",
    ":new:M: 7:x::/bin:", ":new:M:7\n:x::/bin:", ":new:M:7\n\n:x::/bin:",
    ":new:M:0x7:x::/bin:", ":new:M:255:x::/bin:", ":new:M:256:x::/bin:",
    ":new:M:254:xy::/bin:", ":new:M:255:xy::/bin:", ":new:M:99999999999:x::/bin:",
    ":new:M:4294967296:x::/bin:", ":new:M:+:x::/bin:", ":new:M:-:x::/bin:",
    ":new:M::" + "x" * 256 + "::/bin:", ":new:M::" + "x" * 257 + "::/bin:",
    ":new:M:1:" + "x" * 255 + "::/bin:", ":new:M:1:" + "x" * 256 + "::/bin:",
    r":new:M::\x41\x42::/bin:", r":new:M::\x4::/bin:", r":new:M::\x::/bin:",
    r":new:M::\xg1::/bin:", r":new:M::\x4g::/bin:", r":new:M::\\x41::/bin:",
    r":new:M::\n\t::/bin:", r":new:M::\q::/bin:", ":new:M::a\\::/bin:",
    r":new:M::\x00::/bin:", r":new:M::\x00\x01:\xff\x00:/bin:",
    r":new:M::ab:\xff:/bin:", r":new:M::a:\xff\xff:/bin:", ":new:M::a\0b::/bin:",
    ":new:M::\0ab::/bin:", ":new:M::ab:\0\0:/bin:", ":new:M::ab:a\0:/bin:",
    ":n\0w:M::x::/bin:", ":new:M::x::/b\0n:", ":new:M::x::/bin:P\0",
    r":new:M::\xAB\xcd\xEf:\xFF\xff\x0f:/bin:", ":new:E::x::/bin:",
    ":new:E::.x::/bin:", ":new:E::x/y::/bin:", ":new:E::::/bin:", ":new:E:5:x::/bin:",
    ":new:E:junk:x:junk:/bin:", r":new:E::\x41::/bin:", ":new:E::x::/bin:P\n",
    ":new:e::x::/bin:", ":new:m::x::/bin:", ":new:MM::x::/bin:", ":new:::x::/bin:",
    "|new|M||x||/bin|", "|new|M||x||/b:n|", " new M  x  /bin ", "xnewxMxxzxx/binx",
    "1new1M11x11/bin1", "anewaMaazaa/bina", r"anewaMaa\xaa" + "aa/bina",
    "\\new\\M\\\\x\\\\/bin\\", "\nnew\nM\n\nx\n\n/bin\n", "\nnew\nM\n\nx\n\n/bin\nP",
    "\0new\0M\0\0x\0\0/bin\0", "\0new\0M\0\0x\0\0/bin\0P", "\xffnew\xffM\xff\xffx\xff\xff/bin\xff",
    ":" + "n" * 255 + ":M::x::/bin:", ":" + "n" * 256 + ":M::x::/bin:",
    ":new:M::x::/" + "b" * 1907 + ":", ":new:M::x::/" + "b" * 1908 + ":",
    ":new:M::x::/" + "b" * 1909 + ":", ":new:M::x::/" + "b" * 1910 + ":",
    ":new:M::x::/" + "b" * 4000 + ":", ":new:M::x::/" + "b" * 70000 + ":",
    ":sp ace:M::x::/bin:", ":new\n:M::x::/bin:", ":\x01\xff:M::x::/bin:",
    ":new:M::x::/bin: ", ":new:M::x:: /bin:", ":new:M::x::/bin::", ":new:M::x::/bin:P:",
]


def mutations():
    """Lines that are nearly right."""
    rng = random.Random(4)
    seeds = [r":new:M:4:\x7fELF\x02:\xff\xff\xf0:/bin/sh:PO", ":new:E::py::/bin/sh:C\n",
             r"|a|M||\x00\x61\x73m||/x y|P", ":odd:M:0:ab:cd:/i:POC"]
    for _ in range(3000):
        line = list(rng.choice(seeds))
        for _ in range(rng.randint(0, 3)):
            at = rng.randrange(len(line))
            what = rng.randrange(4)
            if what == 0:
                del line[at]
            elif what == 1:
                line.insert(at, rng.choice(":\\x0fMEPOC\n\0/|a. -"))
            elif what == 2:
                line[at] = rng.choice(":\\x0fMEPOC\n\0/|a. -")
            else:
                line[at:] = line[at:at + rng.randint(1, 9)]
            if not line:
                break
        yield "".join(line)


def register():
    for line in LINES + list(mutations()):
        text = line if len(line) < 400 else "%s…%d" % (line[:60], len(line))
        print("register", ascii(text), put("register", line))
        for name in entries():
            print("   ", name, get(os.fsdecode(name)))
            put(os.fsdecode(name), "-1")
    print("left", entries())


def files():
    for file in ("register", "status", "."):
        state = os.stat(os.path.join(MISC, file))
        print(file, oct(state.st_mode), state.st_nlink, state.st_size)
    print(get("register"), get("status"), get("none"))
    for command in ("0", "0\n", "1", "1\n", "-1", "-1\n", "", "\n", "2", "00", "-2",
                    "0 ", "-1\n\n", "-1 \n", "\0", "0\0"):
        put("register", ":one:M::x::/bin:")
        put("register", ":two:E::x::/bin:P")
        print(ascii(command), "status", put("status", command), get("status"), entries())
        put("register", ":one:M::x::/bin:")
        print(ascii(command), "entry", put("one", command), get("one"), entries())
        put("status", "1")
    print("again", put("register", ":one:M::x::/other:"), get("one"))
    state = os.stat(os.path.join(MISC, "one"))
    print("entry", oct(state.st_mode), state.st_nlink, state.st_size)
    with open(os.path.join(MISC, "one"), "rb", 0) as stream:
        print("first", stream.read(7), stream.read(5), stream.seek(3), stream.read(3))
        print("remove", put("one", "-1"), entries())
        print("removed, open", stream.read(4), stream.seek(0), stream.read())
    print("twice", put("one", "-1"))
    for what in (lambda p: os.unlink(p), lambda p: os.rename(p, p + "2"),
                 lambda p: os.mkdir(p + "3"), lambda p: os.rmdir(p + "3"),
                 lambda p: os.symlink("x", p + "4"), lambda p: os.link(p, p + "5"),
                 lambda p: os.open(p + "6", os.O_CREAT | os.O_WRONLY),
                 lambda p: os.chmod(p, 0o600), lambda p: os.listdir(p),
                 lambda p: os.open(p, os.O_RDWR | os.O_TRUNC)):
        try:
            print("change", what(os.path.join(MISC, "two")) is not None)
        except OSError as error:
            print("change", name_of(error))
    put("status", "-1")
    print(entries(), oct(os.statvfs(MISC).f_namemax))


# Run by /usr/bin/python3 in one way or another, it tells what it got.
SHOW = """%s
import ctypes, os, sys
aux = ctypes.CDLL(None).getauxval
aux.restype = ctypes.c_ulong
fd = aux(2)
print('   argv', sys.orig_argv[1:] if %d else sys.orig_argv)
name = ctypes.string_at(aux(31))
# By a descriptor: its number, or since Linux 6.14 the name of the program.
print('   comm', open('/proc/self/comm').read().strip()[:0 if b'/fd/' in name else 15],
      'flags', aux(8), 'fn', name, 'exe', os.readlink('/proc/self/exe').split('/')[-1][:7])
if fd:
    print('   fd', fd, os.pread(fd, 9, 0), os.readlink('/proc/self/fd/%%d' %% fd),
          os.get_inheritable(fd))
sys.stdout.flush()
"""


def write(name, text, mode=0o755):
    with open(os.path.join(WORK, name), "w", encoding="latin-1") as stream:
        stream.write(text)
    os.chmod(os.path.join(WORK, name), mode)
    return os.path.join(WORK, name)


def run(what, *argv, path=None, **more):
    """Run a program and say what came of it."""
    try:
        done = subprocess.run(argv, executable=path, capture_output=True, check=False,
                              close_fds=True, stdin=subprocess.DEVNULL, **more)
        print("run", what, done.returncode, done.stdout.decode(), done.stderr.decode()[-200:])
    except OSError as error:
        print("run", what, name_of(error))


def by_fd(what, path, cloexec):
    """fexecve(3)."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        fd = os.open(path, os.O_RDONLY | (os.O_CLOEXEC if cloexec else 0))
        os.set_inheritable(fd, not cloexec)
        try:
            os.execve(fd, ["zero", "one"], {})
        except OSError as error:
            print("   ", name_of(error), flush=True)
        os._exit(9)
    print("run", what, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def executed():
    os.chdir(WORK)
    python = os.path.realpath("/usr/bin/python3")
    show = write("show.bin", SHOW % ("#bfm", 0))
    put("status", "-1")
    for flags in ("", "P", "O", "PO", "C", "F", "POCF"):
        print("flags", flags, put("register", ":m:M:1:bfm::%s:%s" % (python, flags)))
        run("absolute", show, "a", "b")
        run("relative", "./show.bin", "a")
        run("argv0", "another", "x y", "", path=show)
        by_fd("fd", show, False)
        by_fd("fd cloexec", show, True)
        print(put("m", "-1"))
    put("register", ":m:E::bin::%s:" % python)
    run("extension", "./show.bin", "a")
    os.makedirs("x.bin", exist_ok=True)
    run("dir with a dot", write("x.bin/prog", SHOW % ("#bfm", 0)))
    os.symlink(show, "link.other")
    run("link", "./link.other")
    os.symlink("x.bin/prog", "link.bin")
    run("link with the name", "./link.bin")
    put("status", "0")
    run("all off", show)
    put("status", "1")
    put("m", "0")
    run("off", show)
    put("m", "1")
    run("on", show)
    run("not executable", write("plain.bin", SHOW % ("#bfm", 0), 0o644))
    put("status", "-1")
    put("register", ":old:M::#b::/bin/false:")
    put("register", ":new:M::#bfm::%s:" % python)
    run("the newest wins", show)
    put("new", "0")
    run("the older next", show)
    put("status", "-1")
    put("register", r":mask:M:1:bXm:\xff\x00\xff:%s:" % python)
    run("mask", show)
    put("status", "-1")
    put("register", r":far:M:250:\x00\x00\x00\x00\x00\x00::%s:" % python)
    run("beyond its end", write("short", "print('short')\n"))
    put("status", "-1")
    run("nobody", write("foreign", "\x7fELF\x01strange"))
    # A format's interpreter is a script, and the other way round.
    via = write("via", "#!%s -E\nimport sys; print(sys.orig_argv[1:])\n" % python)
    for flags in ("", "P", "O", "F"):
        put("register", ":m:M::#bfm::%s:%s" % (via, flags))
        run("format, script", show, "a")
        run("format, script, argv0", "zero", "a", path=show)
        put("m", "-1")
    asks = write("asks", "#!%s  word more \nx\n" % write("inner.fmt", "print(1)\n"))
    for flags in ("", "P", "O", "PO"):
        put("register", ":m:E::fmt::%s:%s" % (write("last", SHOW % ("#!" + python, 0)), flags))
        run("script, format", asks, "a")
        run("script, format, argv0", "zero", "a", path=asks)
        put("m", "-1")
    put("register", ":s:M::#!/no::%s:" % python)
    run("before #!", write("script", "#!/nothing/at/all\nimport sys; print(sys.orig_argv)\n"))
    put("register", r":elf:M::\x7fELF\x02::%s:" % write("elf", "#!%s\nprint('an ELF')\n" % python))
    run("before ELF", "/bin/true")
    put("status", "-1")
    # How deep.
    for depth in range(1, 8):
        put("status", "-1")
        for i in range(1, depth + 1):
            target = python if i == depth else write("deep%d" % (i + 1), "deep%d\n" % (i + 1))
            put("register", ":d%d:M::deep%d::%s:" % (i, i, target))
        run("depth %d" % depth, write("deep1", "deep1\n"))
    put("status", "-1")
    put("register", ":self:M::self::%s:" % write("self", "self\n"))
    run("itself", "./self")
    # What the interpreter can be.
    for what, interp in (("missing", "/nothing/there"), ("directory", "/etc"), ("no x", "/etc/passwd"),
                         ("relative", "show.py"), ("dot", "./show.py"), ("text", write("text", "text\n"))):
        write("show.py", "#!%s\nimport sys; print('relative', sys.orig_argv)\n" % python)
        put("status", "-1")
        put("register", ":m:M::#bfm::%s:" % interp)
        run("interpreter " + what, show)
    put("status", "-1")
    # Flag F: what was there at the time.
    moved = write("moved", "#!%s\nimport sys; print('first', len(sys.argv))\n" % python)
    print("fixed", put("register", ":m:M::#bfm::%s:F" % moved))
    os.rename(moved, moved + ".away")
    run("fixed, renamed", show)
    put("status", "-1")


def main():
    put("status", "-1")
    for part in PARTS:
        {"register": register, "files": files, "exec": executed}[part]()


main()
