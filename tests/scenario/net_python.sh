#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_python.sh - Python's own tests of sockets, on a stack of the view
#
# What fails there and natively too is not the stack's. It has no UDP-Lite.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3
need_stack
python3 -c 'import test.test_socket, test.test_asyncio' 2>/dev/null ||
	skip "Python's tests are not installed (libpython3.11-testsuite)"
T_TIMEOUT=280
as_user mkdir "$T_TMP/work"
cd "$T_TMP/work" || fail cd

for name in test_socket test_asyncio.test_sock_lowlevel \
	test_asyncio.test_streams test_asyncio.test_server; do
	printf -- '- %s\n' "$name"
	in_view --net=umnetlwip,lo python3 -m test -i '*UDPLITE*' "$name" \
		>"$T_TMP/out" 2>&1 </dev/null && continue
	if ! as_user python3 -m test -i '*UDPLITE*' "$name" >"$T_TMP/host" 2>&1; then
		printf 'note: natively it fails, too\n'
		diff <(grep -E '^(ERROR|FAIL):' "$T_TMP/host" | sort -u) \
			<(grep -E '^(ERROR|FAIL):' "$T_TMP/out" | sort -u) && continue
	fi
	fail "$(grep -E '^(ERROR|FAIL):|Error' "$T_TMP/out" | head -n 20)"
done
exit 0
