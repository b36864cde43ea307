#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_memory.sh - a stack without memory, or without descriptors: errors, and
# then it goes on
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 ip pgrep prlimit
need_stack
[ -z "${1:-}" ] || skip "built with -fsanitize=$1, whose memory is not counted so"

user_write "$T_TMP/fill" <<'EOS'
import errno, os, resource, socket, struct, subprocess, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
STACK = sys.argv[1]
def limit(what, soft):
    subprocess.run(["prlimit", "--pid", STACK, f"--{what}={soft}:"], check=True)
def size():
    return int(open(f"/proc/{STACK}/statm").read().split()[0]) * 4096
FAMINE = {errno.ENOMEM, errno.ENOBUFS, errno.ENFILE, errno.EMFILE,
          errno.EAGAIN, errno.ECONNRESET, errno.ETIMEDOUT, errno.ECONNREFUSED}
def works():
    l = socket.create_server(("127.0.0.1", 0))
    c = socket.create_connection(l.getsockname(), 20)
    s, _ = l.accept()
    s.sendall(b"x" * 100)
    assert c.recv(1) == b"x"
    for x in (l, c, s):
        x.close()
# as many as there can be; whether some were refused
def sockets(kind, n):
    made, refused = [], False
    for _ in range(n):
        try:
            s = socket.socket(socket.AF_INET, kind)
            made.append(s)
            s.setblocking(False)
            if kind == socket.SOCK_DGRAM:
                s.bind(("127.0.0.1", 0))
                s.sendto(b"x" * 60000, s.getsockname())
            else:
                s.connect_ex(("127.0.0.1", 9999))
        except OSError as e:
            assert e.errno in FAMINE, e
            refused = True
    for s in made:
        s.close()
    return refused
def recovers(name):
    for attempt in range(200):
        try:
            works()
            print(name, "recovered")
            return
        except OSError as e:
            assert e.errno in FAMINE, e
            time.sleep(0.1)
    sys.exit(name + ": does not recover")
def route_request(i):
    # ip route add 10.X.Y.0/24 dev lo, many in one go
    return f"route add 10.{i // 250}.{i % 250}.0/24 dev lo\n"

works()
limit("nofile", 100)
assert sockets(socket.SOCK_DGRAM, 300), "nothing was refused"
limit("nofile", 1024)
recovers("descriptors")
limit("as", size() + (1 << 20))
for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
    sockets(kind, 600)
batch = "".join(map(route_request, range(20000)))
done = subprocess.run(["ip", "-force", "-batch", "-"], input=batch, text=True,
                      capture_output=True)
assert "No buffer space" in done.stderr or "Cannot allocate" in done.stderr, \
    done.stderr[-300:]
rules = "add forward ip saddr 10.0.0.0/8 drop\n" * 3000
try:
    with open("/proc/sys/net/um/rules", "w") as f:
        f.write(rules)
except OSError as e:
    assert e.errno in FAMINE, e
limit("as", "unlimited")
recovers("memory")
subprocess.run(["ip", "route", "flush", "root", "10.0.0.0/8"], check=True)
open("/proc/sys/net/um/rules", "w").write("flush\n")
# none of it is kept: thousands of sockets, twice, in the same memory
for _ in range(2):
    sockets(socket.SOCK_STREAM, 2000)
recovers("sockets")
EOS
must_guest -- --net=umnetlwip,lo <<'EOS'
stack=$(pgrep -P "$(vuname -U)" -x umnetlwip-stack | head -1)
must python3 fill "$stack"
same "the same process" "$stack" \
	"$(pgrep -P "$(vuname -U)" -x umnetlwip-stack | head -1)"
EOS
exit 0
