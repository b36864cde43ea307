# SPDX-License-Identifier: GPL-2.0-or-later
"""Names are used, changed, and used again at once: what each then is.

viewfs_known.py DIR: what is printed is the same natively and in a view.
"""
import errno
import os
import shutil
import sys


def what(path):
    try:
        st = os.lstat(path)
        return f"{st.st_mode & 0o170000:o}"
    except OSError as e:
        return errno.errorcode[e.errno]


def content(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError as e:
        return errno.errorcode[e.errno]


def look(*paths):
    """More than once: what was asked for is known afterwards."""
    for _ in range(3):
        got = [(what(p), content(p)) for p in paths]
    print(*paths, got)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def both(name):
    """By a name from the working directory, and by a whole one."""
    return name, os.path.join(os.getcwd(), name)


def main():
    os.chdir(sys.argv[1])
    base = os.getcwd()
    show = lambda *names: look(*[n for name in names for n in both(name)])
    sys.stdout = Cut(sys.stdout, base)
    print("- made where nothing was")
    for make in (os.mkdir, lambda p: write(p, "file"),
                 lambda p: os.symlink("there", p),
                 lambda p: os.symlink("nowhere", p)):
        show("p/f", "p", "p/more/f")
        make("p")
        show("p/f", "p", "p/more/f")
        shutil.rmtree("p") if os.path.isdir("p") and not os.path.islink("p") \
            else os.unlink("p")
        show("p/f", "p", "p/more/f")
    print("- filled")
    show("q/f")
    os.mkdir("q")
    show("q/f")
    write("q/f", "new")
    show("q/f")
    print("- a directory that was there")
    show("there/f", "there/more/f", "there")
    write("there/g", "beside")
    show("there/f", "there/g")
    os.rename("there/g", "there/h")
    show("there/g", "there/h")
    os.unlink("there/f")
    show("there/f", "there/more/f")
    os.rename("there", "moved")
    show("there/more/f", "moved/more/f", "there")
    os.mkdir("there")
    show("there/more/f", "there/f")
    shutil.rmtree("moved")
    show("moved/more/f", "moved")
    print("- a link that was there")
    show("link/f", "link")
    os.unlink("link")
    show("link/f", "link")
    os.symlink("other", "link")
    show("link/f", "link")
    os.rename("link", "there/link")
    show("link/f", "there/link")
    # a name that nothing ever changed
    show("link2/only", "link2")
    os.unlink("link2")
    show("link2/only", "link2", "other/only")
    print("- a file that was there")
    show("file", "file/x")
    write("file", "changed")
    show("file")
    os.unlink("file")
    show("file", "file/x")
    os.mkdir("file")
    show("file", "file/x")
    os.rmdir("file")
    os.symlink("other", "file")
    show("file/f")
    print("- replaced by rename")
    show("one", "two", "dir/f")
    os.rename("one", "two")
    show("one", "two")
    os.symlink("other", "three")
    os.rename("three", "two")
    show("two", "two/f")
    os.rename("dir/f", "two")
    show("two", "two/f", "dir/f")


class Cut:
    """What is printed, without the place."""

    def __init__(self, out, base):
        self.out, self.base = out, base

    def write(self, text):
        self.out.write(text.replace(self.base, "DIR"))

    def flush(self):
        self.out.flush()


main()
