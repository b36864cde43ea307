# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# echo_lib.sh - two programs that talk by TCP, for scenarios; source after lib.sh
#
#   python3 serve ADDRESS	sends back what it gets; its pid is in `pid`, it
#				prints "ready"
#   python3 talk ADDRESS BYTES	fails if that is not what it sent
user_write "$T_TMP/serve" <<'EOS'
import os, socket, sys
print(os.getpid(), file=open("pid", "w"))
l = socket.create_server((sys.argv[1], 4000))
print("ready", flush=True)
while True:
    s, _ = l.accept()
    while data := s.recv(65536):
        s.sendall(data)
    s.close()
EOS
user_write "$T_TMP/talk" <<'EOS'
import socket, sys, threading
c = socket.create_connection((sys.argv[1], 4000), 30)
out = bytes(i * 7 % 251 for i in range(int(sys.argv[2])))
threading.Thread(target=lambda: (c.sendall(out), c.shutdown(1))).start()
got = b""
while data := c.recv(65536):
    got += data
assert got == out, len(got)
EOS
