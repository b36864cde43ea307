#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_stacks.sh - stacks as special files: null, native, link, kern, services
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 ip mount

# families: which kinds of sockets a process may make
user_write "$T_TMP/families" <<'EOS'
#!/usr/bin/env python3
import socket
for family, kind in ((socket.AF_INET, socket.SOCK_STREAM),
                     (socket.AF_INET6, socket.SOCK_DGRAM),
                     (socket.AF_NETLINK, socket.SOCK_RAW),
                     (socket.AF_UNIX, socket.SOCK_STREAM)):
    try:
        socket.socket(family, kind, 0).close()
        print(family.name[3:], end=" ")
    except OSError as e:
        assert e.errno == 97, e
EOS
as_user chmod +x "$T_TMP/families"
ALL='INET INET6 NETLINK UNIX '

printf -- '- null, native, link\n'
must_guest ALL="$ALL" <<'EOS'
families=$PWD/families
must mount -t umnetnull none /dev/net/null
must mount -t umnetnative none /dev/net/host
same "mode" e1ff "$(stat -c %f /dev/net/null)"
same "listed" "host null" "$(cd /dev/net && echo host null)"
ls /dev/net | grep -qx null || die "not listed"
same "no default" "$ALL" "$("$families")"
same "null" "UNIX " "$(mstack /dev/net/null "$families")"
same "null by family" "INET6 NETLINK UNIX " \
	"$(mstack -o 4 /dev/net/null "$families")"
same "inherited" "UNIX " "$(mstack /dev/net/null sh -c "sh -c $families")"
same "native again" "$ALL" \
	"$(mstack /dev/net/null mstack /dev/net/host "$families")"
grep -q ' is the stack for ipv4$' <<<"$(mstack -v -o 4 /dev/net/null true 2>&1)" ||
	die "mstack -v"
same "argv[0]" sh "$(mstack /dev/net/host /bin/sh -c 'ps -o args= -p $$' |
	cut -d' ' -f1)"
refused 1 'not a network stack' mstack /etc/passwd true
refused 1 'No such file' mstack /dev/net/absent true
refused 127 'No such file' mstack /dev/net/host /absent
refused 126 'denied' mstack /dev/net/host /etc/passwd

# one stack for some families of another
must mount -t umnetlink -o -4 /dev/net/null /dev/net/default
same "link as default" "INET UNIX " "$("$families")"
refused any 'busy' umount /dev/net/null
must umount /dev/net/default
same "gone" "$ALL" "$("$families")"
must mount -t umnetlink -o ipv4 /dev/net/null /dev/net/link
same "link by name" "INET6 NETLINK UNIX " "$(mstack /dev/net/link "$families")"
must mount -t umnetnull none /dev/net/default
same "the others are the default's" "UNIX " "$(mstack /dev/net/link "$families")"
must mount -t umnetlink -o 4,override /dev/net/host /dev/net/default
same "the others are those of what it hides" "INET UNIX " "$("$families")"
must umount /dev/net/default
same "the hidden one" "UNIX " "$("$families")"
must umount /dev/net/default
refused any '' mount -t umnetlink /etc/passwd /dev/net/bad
refused any '' mount -t umnetlink -o ipx /dev/net/null /dev/net/bad
refused any '' mount -t umnetnosuch none /dev/net/bad
must umount /dev/net/link
must umount /dev/net/null
EOS

printf -- '- on a host without /dev/net\n'
must_guest ALL="$ALL" <<'EOS'
families=$PWD/families
must mount -t tmpfs none /dev
same "nothing in it" "" "$(ls -A /dev)"
refused any 'not exist|No such file' mount -t umnetnull none /dev/other/null
must mount -t umnetnull none /dev/net/default
same "families" "UNIX " "$("$families")"
same "the directory" "755 root" "$(stat -c '%a %U' /dev/net)"
must mount -t umnetnative none /dev/net/host
same "another" "$ALL" "$(mstack /dev/net/host "$families")"
must umount /dev/net/default
must umount /dev/net/host
must umount /dev/net
EOS

printf -- '- what the service refuses\n'
must_guest ALL="$ALL" <<'EOS'
families=$PWD/families
must um_add_service umnet,-ip
same "umnet,-ip" "UNIX " "$("$families")"
must mount -t umnetnative none /dev/net/default
same "a default is asked first" "$ALL" "$("$families")"
must umount /dev/net/default
must um_del_service umnet
same "all again" "$ALL" "$("$families")"
must um_add_service umnet,+4,6
same "umnet,+4,6" "INET INET6 UNIX " "$("$families")"
must um_del_service umnet
refused 1 '' um_add_service umnet,-ipx
same "not added" "" "$(um_ls_service)"
EOS
same_view=$(in_view -p umnet,- "$T_TMP/families") || fail "-p umnet,-"
[ "$same_view" = "UNIX " ] || fail "-p umnet,-: $same_view"

printf -- '- the kernel'\''s own\n'
if as_user unshare -Un true 2>/dev/null; then
	must_guest <<'EOS'
	must mount -t umnetkern none /dev/net/kern
	same "links" lo "$(mstack /dev/net/kern ip -br link | cut -d' ' -f1)"
	same "sysfs" lo "$(mstack /dev/net/kern ls /sys/class/net)"
	# by an AF_UNIX socket; none but the first
	same "names" "1 lo" "$(mstack /dev/net/kern python3 -c '
from socket import *
print(if_nametoindex("lo"), if_indextoname(1))')"
	refused 1 'No such device' mstack /dev/net/kern python3 -c '
from socket import *
print(if_indextoname(2))'
	mstack /dev/net/kern cat /proc/net/dev | grep -q lo: || die /proc/net/dev
	must mstack /dev/net/kern ip addr add 10.9.8.7/32 dev lo
	mstack /dev/net/kern ip -4 -br addr | grep -q 10.9.8.7/32 || die "addr"
	mstack /dev/net/kern python3 -c '
import socket, threading
l = socket.create_server(("10.9.8.7", 0))
c = socket.create_connection(l.getsockname())
s, _ = l.accept()
threading.Thread(target=lambda: (s.sendall(b"x" * 1000000), s.close())).start()
n = 0
while data := c.recv(65536):
    n += len(data)
assert n == 1000000, n' || die "TCP"
	! ip -br addr | grep -q 10.9.8.7 || die "it is the host's"
	must umount /dev/net/kern
EOS
else
	printf 'note: no user namespaces here: umnetkern is only refused\n'
	guest <<'EOS' >"$T_TMP/out" 2>&1
	refused any '' mount -t umnetkern none /dev/net/kern
EOS
	grep -q 'no user namespace' "$T_TMP/out" || fail "$(cat "$T_TMP/out")"
fi

printf -- '- umview --net\n'
[ "$(in_view --net=none "$T_TMP/families")" = "UNIX " ] || fail "--net=none"
[ "$(in_view --net=native "$T_TMP/families")" = "$ALL" ] || fail "--net=native"
must_guest ALL="$ALL" -- --net=none <<'EOS'
same "nested" "$ALL" "$(umview -q --net=native ./families)"
same "still none" "UNIX " "$(./families)"
EOS
for bad in '' bogus wire: none,x slirp,tcp:x; do
	in_view --net="$bad" touch "$T_TMP/started" 2>"$T_TMP/err"
	[ $? -eq 2 ] || fail "--net='$bad': not 2"
	grep -q "^umview: --net '$bad': " "$T_TMP/err" || fail "$(cat "$T_TMP/err")"
done
in_view --net=umnetnosuch touch "$T_TMP/started" 2>"$T_TMP/err"
[ $? -eq 125 ] || fail "--net=umnetnosuch: not 125"
grep -q 'umview: --net: no umnetnosuch' "$T_TMP/err" || fail "$(cat "$T_TMP/err")"
[ ! -e "$T_TMP/started" ] || fail "the command was started"
exit 0
