# SPDX-License-Identifier: GPL-2.0-or-later
"""on_pty.py - drive a program on a terminal of its own.

usage: on_pty.py SECONDS PLAY... -- COMMAND...

A PLAY is `wait:TEXT` (until the terminal shows TEXT since the last wait),
`send:TEXT` (\\x03 and so on understood), `size:ROWSxCOLUMNS`, or
`pause:SECONDS`: a command that waits cannot say when it has begun to.
The exit status is the command's, 128+signal, or 99 when the time is over.
"""
import codecs
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time


def main():
    deadline = time.monotonic() + float(sys.argv[1])
    split = sys.argv.index("--")
    plays, command = sys.argv[2:split], sys.argv[split + 1:]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    seen = ""

    def pump(until):
        """Read what there is; False at the end of the terminal."""
        nonlocal seen
        if not select.select([fd], [], [], max(0, until - time.monotonic()))[0]:
            return True
        try:
            data = os.read(fd, 65536)
        except OSError:
            return False
        text = data.decode("utf-8", "replace")
        sys.stdout.write(text)
        seen += text
        return bool(data)

    for play in plays:
        kind, _, text = play.partition(":")
        if kind == "send":
            os.write(fd, codecs.decode(text, "unicode_escape").encode())
        elif kind == "size":
            rows, columns = map(int, text.split("x"))
            fcntl.ioctl(fd, termios.TIOCSWINSZ,
                        struct.pack("HHHH", rows, columns, 0, 0))
        elif kind == "pause":
            time.sleep(float(text))
        else:
            while text not in seen:
                if time.monotonic() > deadline or not pump(
                        min(deadline, time.monotonic() + 0.2)):
                    print(f"\non_pty.py: never saw <{text}>")
                    sys.exit(99)
            seen = seen.split(text, 1)[1]
    while time.monotonic() < deadline and pump(deadline):
        pass
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status)
                     else 128 + os.WTERMSIG(status))
        time.sleep(0.05)
    print("\non_pty.py: the command did not end")
    sys.exit(99)


main()
