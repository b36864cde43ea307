#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# front_killed.sh - the process the user started is killed, or its terminal
# goes away: monitor and guests end too, the image holds what was written
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck debugfs python3
mkimg "$IMG" 16M

# all_gone PID... - none is left, but as a zombie
all_gone() {
	local pid
	for pid; do
		[ ! -e "/proc/$pid" ] || grep -q '^State:.Z' \
			"/proc/$pid/status" 2>/dev/null || return 1
	done
}

printf -- '- kill -9 of the first process\n'
guest <<'EOS' &
must mount -t umfuseext2 "$IMG" "$MNT"
cd "$MNT" || exit 1
echo data >file
(trap '' TERM HUP; exec sleep 300) & echo $! >>../pids
setsid sh -c 'echo $$ >>../pids; exec sleep 300' &
echo $$ >>../pids
vuname -U >../monitor.new && mv ../monitor.new ../monitor
kill -STOP $$ # a stopped one as well
EOS
wait_for 30 test -s "$T_TMP/monitor" || fail "the view did not start"
wait_for 30 test "$(wc -l <"$T_TMP/pids")" -ge 3 || fail "not all guests started"
monitor=$(cat "$T_TMP/monitor")
front=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$monitor/status")
grep -qa umview "/proc/$front/cmdline" || fail "$front is not umview"
kill -9 "$front" || fail "kill"
mapfile -t pids <"$T_TMP/pids"
wait_for 10 all_gone "$monitor" "${pids[@]}" ||
	fail "left: $(ps -o pid,stat,args -p "$monitor" "${pids[@]}")"
wait
fsck_img "$IMG"
[ "$(debugfs -R 'cat /file' "$IMG" 2>/dev/null)" = data ] ||
	fail "the image does not hold what was written"

printf -- '- the terminal goes away\n'
as_user python3 - "$UMVIEW" "$T_TMP/pids2" <<'EOS' || fail "on the terminal"
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], [sys.argv[1], "-q", "sh", "-c",
                            'sleep 300 & echo $$ $! >%s; echo up; wait'
                            % sys.argv[2]])
seen = b""
while b"up" not in seen:
    seen += os.read(fd, 100)
os.close(fd)
for _ in range(100):
    if os.waitpid(pid, os.WNOHANG)[0]:
        sys.exit(0)
    time.sleep(0.1)
os.kill(pid, 9)
sys.exit("umview goes on without its terminal")
EOS
read -r -a pids <"$T_TMP/pids2"
wait_for 30 all_gone "${pids[@]}" ||
	fail "left: $(ps -o pid,stat,args -p "${pids[@]}")"
nothing_outside
