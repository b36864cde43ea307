#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# inside_test.sh - the commands inside a view that the test fakes
#
# usage: inside_test.sh BINDIR FAKE_VIEW
set -u
case ${1-} in
--in-view) shift ;;
*)
	bin=${1:?usage: inside_test.sh BINDIR FAKE_VIEW}
	fake=${2:?usage: inside_test.sh BINDIR FAKE_VIEW}
	tmp=$(mktemp -d) || exit 1
	trap 'rm -rf "$tmp"' EXIT
	FAKE_VIEW_LOG=$tmp/log "$fake" "$0" --in-view "$bin" "$tmp" ||
		exit $?
	# The shells here end by umshutdown's signals.
	for how in 'umshutdown 30' 'umshutdown -n 30' 'umshutdown 0'; do
		start=$(date +%s)
		"$fake" sh -c "sleep 50 & '$bin/'$how; sleep 50" 2>"$tmp/err"
		if [ $(($(date +%s) - start)) -gt 20 ]; then
			echo "FAIL: $how leaves a process"
			exit 1
		fi
		grep -q 'this view ends' "$tmp/err" || exit 1
	done
	# One that ignores TERM is killed; the count says how many there are.
	"$fake" sh -c "trap '' TERM; sleep 50 & '$bin/umshutdown' 1; wait" \
		2>/dev/null
	[ $? -eq 137 ] || { echo "FAIL: KILL after TERM"; exit 1; }
	[ "$("$fake" sh -c "sleep 1 & '$bin/umshutdown' -c; :")" -ge 2 ] ||
		{ echo "FAIL: umshutdown -c"; exit 1; }
	echo "ok"
	exit 0
	;;
esac

bin=$1
tmp=$2
PATH=$bin:$PATH
failed=0

fail()
{
	echo "FAIL: $1 (status $status)"
	sed 's/^/  out: /' "$tmp/out"
	sed 's/^/  err: /' "$tmp/err"
	failed=$((failed + 1))
}

# ok WANT COMMAND... : exits 0 with that on stdout, nothing on stderr
ok()
{
	want=$1
	shift
	"$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ $status -ne 0 ] || [ -s "$tmp/err" ] ||
		[ "$(cat "$tmp/out")" != "$want" ]; then
		fail "$*: want '$want'"
	fi
}

# no PATTERN COMMAND... : exits 1 with that on stderr
no()
{
	want=$1
	shift
	"$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ $status -ne 1 ] || ! grep -q -e "$want" "$tmp/err"; then
		fail "$*: want the message '$want'"
	fi
}

# logged LINE : the last mount or umount was this
logged()
{
	status=0
	[ "$(tail -n 1 "$tmp/log")" = "$1" ] ||
		fail "log has '$(tail -n 1 "$tmp/log")', want '$1'"
}

ok '' um_ls_service
ok '[]' um_ls_service --json
ok '' um_add_service umfuse
ok '' um_add_service -p umdev,a=b
no 'already; see um_ls_service' um_add_service umfuse
no 'no such module' um_add_service err-2
no 'another version' um_add_service err-8
no 'Operation not supported' um_add_service err-95
ok 'umfuse: the "umfuse" service
umdev: the "umdev" service' um_ls_service
ok 2 sh -c 'um_ls_service --json | grep -c "\"name\""'
ok 2 sh -c 'um_ls_service -v | grep -c "^    ro  read-only$"'
if command -v python3 >/dev/null; then
	ok 'the "umdev" service' sh -c 'um_ls_service --json | python3 -c "
import json, sys
print(json.load(sys.stdin)[1][\"description\"])"'
fi
no 'permanent or in use' um_del_service umdev
no 'no such service' um_del_service nothing
ok '' um_del_service umfuse
ok 'umdev: the "umdev" service' um_ls_service
cd "$tmp" || exit 1
ok '' um_add_service ./x.so,y=/
ok "$(printf 'umdev\n%s' "$tmp/./x.so")" \
	sh -c "um_ls_service | sed 's/: .*//' | LC_ALL=C sort -r"

ok '' um_fsalias
ok '' um_fsalias ext4 umfuseext2
ok '' um_fsalias ext3 ext4
ok 'ext4 umfuseext2
ext3 ext4' um_fsalias
ok '' um_fsalias -d ext4
ok '' um_fsalias ext3 ''
no 'no such alias' um_fsalias -d ext3
no 'lead back' um_fsalias err-40 x

ok '' viewname
ok 'fakenode[42:7]' viewname -p
ok '' viewname 'my view'
ok 'my view' viewname
ok 'my view' viewname --prompt
no '64 bytes' viewname "$(printf %065d 0)"
no 'not allowed' viewname err-1
ok '' viewname "$(printf %064d 0)"
ok '' viewname v
ok '42 7 v' vuname -UVN
ok "$(uname -s) fakenode $(uname -r) $(uname -v) $(uname -m) GNU/Linux/View-OS 42 7 v" \
	vuname -a
ok 'GNU/Linux/View-OS' vuname --operating-system
ok "$(uname -s)" vuname -x

ok '' viewmount -t umfuseext2 img /mnt
logged 'mount img /mnt umfuseext2 0 []'
ok '' viewmount -r -t x -o noexec,rw+,'a="b,c"' -o nosuid img /mnt
logged 'mount img /mnt x 0xb [rw+,a="b,c"]'
ok '' viewmount -o remount,ro none /mnt
logged 'mount none /mnt  0x21 []'
no "cannot mount 'img' on '/mnt' as type 'err-19': no module serves" \
	viewmount -t err-19 img /mnt
no 'source does not exist' viewmount -t err-2 /no/img /mnt
no 'target, or the directory' viewmount -t err-2 / /no/mnt
no 'in use' viewmount -t err-16 / /mnt
no 'messages say which' viewmount -t err-22 / /mnt
no 'permission denied' viewmount -t err-13 / /mnt
ok '' viewumount /mnt
logged 'umount /mnt 0'
ok '' viewumount -f -l /mnt
logged 'umount /mnt 0x3'
no 'permanent or in use' viewumount err-16 /mnt
logged 'umount /mnt 0'
no 'nothing is mounted' viewumount err-22

exit $((failed != 0))
