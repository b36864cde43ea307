#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vde_telnet.py - a user at the system's telnet client, managing a switch

usage: vde_telnet.py HOST NODENAME
"""
import os
import pty
import re
import select
import subprocess
import sys
import time

host, node = sys.argv[1:3]
pid, tty = pty.fork()
if pid == 0:
    os.execvp("telnet", ["telnet", host])
seen = ""


def expect(text, seconds=40):
    """Read until text is on the screen; what came before it."""
    global seen
    end = time.monotonic() + seconds
    while text not in seen:
        left = end - time.monotonic()
        if left <= 0 or not select.select([tty], [], [], left)[0]:
            sys.exit(f"no {text!r} but {seen!r}")
        try:
            seen += os.read(tty, 4096).decode("latin-1")
        except OSError:
            sys.exit(f"telnet ended; no {text!r} but {seen!r}")
    before, seen = seen.split(text, 1)
    return before


def keys(text):
    os.write(tty, text.encode())


def ask(text, answer=None):
    keys(text + "\r")
    if answer:
        expect(answer)
    expect(prompt)


prompt = f"{node}[/]: "
expect(node)
expect("Password: ")
keys("wrong\r")
if "wrong" in expect("Wrong password."):
    sys.exit("the password was echoed")
expect("Password: ")
keys("secret\r")
if "secret" in expect(prompt):
    sys.exit("the password was echoed")

# The menus and words are the switch's own.
ask("showi\t", "uptime")
prompt = f"{node}[/port]: "
ask("port")
keys("cr\t")
expect("create")
keys("\t")
expect("createauto")
expect("create\r")
expect("create")
keys(" 33333\r")
expect("Invalid argument")
expect(prompt)

# The line before, changed in its middle.
keys("\x1b[A")
expect("create 33333")
keys("\x7f\x7f\x7f\x7f\x01\x1b[3~c\r")
expect(prompt)
ask("allprint", "Port 0003")
prompt = f"{node}[/]: "
ask("..")

# What the switch tells by itself does not spoil what is being typed.
ask("debug/add port/+")
keys("showin")
expect("showin")
subprocess.run(
    ["curl", "-sf", "-u", "admin:secret", "-o", "/dev/null", f"http://{host}/port",
     "-d", "cmd=port/create", "-d", "arg=5"], check=True)
expect("3021 port/+ 05")
expect(prompt + "showin")
ask("fo", "uptime")

keys("logout\r")
if os.waitpid(pid, 0) and re.search("^[0-9]{4} ", seen):
    sys.exit(f"after logout: {seen!r}")
