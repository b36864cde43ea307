#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vde_wires.sh - two views on two switches, a bad wire between them, and ssh
#
# The wire is dpipe's, with a wirefilter in it whose delay and loss are changed
# while it is used. sshd runs on the stack of a view of an ordinary user.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/vde_lib.sh
. "$here/vde_lib.sh"
need dpipe wirefilter unixcmd ip ping ssh ssh-keygen /usr/sbin/sshd
need_stack

switch_on left
switch_on right
start wire.log dpipe vde_plug "$T_TMP/left" = \
	wirefilter -M "$T_TMP/wf" = vde_plug "$T_TMP/right"
wire=$started
wait_for 20 test -S "$T_TMP/wf" || fail "no wirefilter: $(cat wire.log)"

as_user ssh-keygen -q -t ed25519 -N '' -f host_key
as_user ssh-keygen -q -t ed25519 -N '' -f user_key
user_write sshd_config <<-END
	Port 22
	ListenAddress 10.6.0.1
	HostKey $T_TMP/host_key
	AuthorizedKeysFile $T_TMP/user_key.pub
	PidFile none
	StrictModes no
	UsePAM no
END
user_write ssh_config <<-END
	Host *
	IdentityFile $T_TMP/user_key
	StrictHostKeyChecking no
	UserKnownHostsFile /dev/null
	LogLevel ERROR
	ConnectTimeout 60
END
start sshd.log "$UMVIEW" -q --net="vde://$T_TMP/left" sh -ec '
	ip addr add 10.6.0.1/24 dev vd0
	ip link set vd0 up
	exec /usr/sbin/sshd -D -e -f "$PWD/sshd_config"'
server=$started
wait_for 30 grep -q 'Server listening' sshd.log ||
	fail "no sshd: $(cat sshd.log)"

must_guest -- --net="vde://$T_TMP/right" <<'EOS'
must ip addr add 10.6.0.2/24 dev vd0
must ip link set vd0 up
# The exit status of unixcmd says nothing; what it changed does.
wire() {
	unixcmd -s wf -f /etc/vde2/vdecmd "$@"
}
set_wire() {
	wire "$1" "$2"
	wire showinfo | grep -iq "^ *$1 *L->R $2" || die "$1 is not $2"
}
remote() {
	ssh -F ssh_config 10.6.0.1 "$@"
}
# The shortest round trip of some, in whole milliseconds.
round_trip() {
	ping -q -c5 -i.2 -W5 10.6.0.1 | sed -n 's,^rtt.*= \([0-9]*\)\..*,\1,p'
}
reachable() {
	ping -c1 -W2 10.6.0.1 >/dev/null
}
until_so() {
	for i in {1..40}; do
		"$@" && return
	done
	die "never: $*"
}

until_so reachable
same 'who speaks' '10.6.0.2 10.6.0.1 22' \
	"$(remote 'echo $SSH_CONNECTION' | cut -d' ' -f1,3,4)"

set_wire delay 60
trip=$(round_trip)
# wirefilter counts in milliseconds, and may be early by one.
[ "$trip" -ge 100 ] || die "no delay: $trip ms"
same 'over a slow wire' hello "$(remote echo hello)"
set_wire delay 0
quick() { [ "$(round_trip)" -lt 100 ]; }
until_so quick

set_wire loss 100
if reachable; then die 'all is lost, and yet it arrives'; fi
set_wire loss 0
until_so reachable

# The same connection lives through it all.
head -c 400000 /dev/urandom >data
remote cat <data >back &
copy=$!
set_wire loss 100
sleep 1
set_wire loss 3
set_wire delay 2
wait $copy || die "the connection broke: $?"
must cmp data back

set_wire loss 25
lost=$(ping -q -i.02 -c60 -W2 10.6.0.1 | sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p')
lost=${lost%.*}
[ "$lost" -gt 0 ] && [ "$lost" -lt 100 ] || die "lost: $lost %"
EOS

stop "$server"
stop "$wire"
# wirefilter leaves its socket when its plugs go
rm -f "$T_TMP/wf"
switch_off left
switch_off right
vde_all_gone
