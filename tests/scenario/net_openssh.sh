#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_openssh.sh - OpenSSH's own tests, on a stack of the view
#
# usage: net_openssh.sh TEST...
#
# What passes natively must pass there. Only tests that start an sshd of their
# own use the network; others talk to one by a pipe. Of these are left out:
# login-timeout, forward-control and conch-ciphers (a minute or two each; they
# pass), key-options (fails natively: writes to /run), sftp-chroot (needs root).
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need sshd ssh ssh-keyscan sftp openssl pkill
suite=/usr/lib/openssh/regress
[ -e "$suite/test-exec.sh" ] || skip "openssh-tests is not installed"
need_stack
T_TIMEOUT=240
work=$T_TMP/regress
as_user cp -R "$suite" "$work" || fail "cannot copy $suite"
# PAM would ask a set-group-ID program, which has no such group in a view.
as_user sed -i 's/^\(.*UsePAM.*\)yes/\1no/' "$work/test-exec.sh"
grep -q 'UsePAM.*no$' "$work/test-exec.sh" || fail "UsePAM is set elsewhere"

# run_test COMMAND... - one of the tests, as Debian's run-tests does; the client
# that reconfigure leaves behind is not waited for
run_test() {
	"$@" env SUDO= TEST_SHELL=sh TEST_SSH_SSH=ssh BUILDDIR="$work" \
		TEST_SSH_SFTPSERVER=/usr/lib/openssh/sftp-server \
		TEST_SSH_IPV6=yes TEST_SSH_ECC=yes \
		TEST_SSH_UNSAFE_PERMISSIONS=1 TEST_SSH_PORT="$port" \
		sh -c 'sh "$1/test-exec.sh" "$1" "$1/$2.sh"; status=$?
			pkill -f "^$1/netcat "; exit $status' sh "$work" "$name" \
		>"$T_TMP/out" 2>&1 </dev/zero &&
		grep -q '^ok ' "$T_TMP/out"
}

port=$((20000 + $$ % 20000))
passed=0
cd "$work" || fail cd
for name; do
	[ -e "$name.sh" ] || fail "there is no test $name"
	start=$SECONDS
	if run_test in_view --net=umnetlwip,lo; then
		printf -- '- %s, %d s\n' "$(tail -n 1 "$T_TMP/out")" $((SECONDS - start))
		passed=$((passed + 1))
		continue
	fi
	mv "$T_TMP/out" "$T_TMP/view"
	! run_test as_user || fail "$name: $(tail -n 20 "$T_TMP/view")"
	printf 'note: %s fails natively, too\n' "$name"
done
[ "$passed" -gt 0 ] || fail "no test passed"
exit 0
