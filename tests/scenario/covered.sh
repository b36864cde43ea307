#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# covered.sh - directories that somebody stands in, or has open, while others
# are mounted over them or above them
#
# They stay what they are, as in the kernel: COVERED_NATIVE=1, as root, runs the
# same in a mount namespace, with tmpfs for ramfs.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3
as_user mkdir -p "$T_TMP/a/b/c"
printf 'host\n' | user_write "$T_TMP/a/b/who"
printf 'host\n' | user_write "$T_TMP/a/who"

run() {
	if [ -n "${COVERED_NATIVE:-}" ]; then
		run_script TYPE=tmpfs
		unshare -m "${RUN[@]}" || fail "natively: exit status $?"
	else
		must_guest TYPE=ramfs
	fi
}

printf -- '- a virtual working directory\n'
run <<'EOS'
must mount -t "$TYPE" none "$MNT"
mkdir -p "$MNT/sub/deep" && echo old >"$MNT/sub/who" && echo top >"$MNT/who" || die make
cd "$MNT/sub" || die cd
must mount -t "$TYPE" none "$MNT/sub"
echo new >"$MNT/sub/who"
same "covered" old "$(cat who)"
same "covered, ." old "$(cat ./who)"
same "listed" "deep who" "$(echo $(ls))"
same "name" "$MNT/sub" "$(python3 -c 'import os; print(os.getcwd())')"
same "by name" new "$(cat "$MNT/sub/who")"
same "up and down" new "$(cat ../sub/who)"
same "up" top "$(cat ../who)"
same "down and up" new "$(cat deep/../who)"
same "of /proc" old "$(cat /proc/self/cwd/who)"
echo more >made || die "make a file"
[ ! -e "$MNT/sub/made" ] || die "made in the newer"
same "made" more "$(cat made)"
mkdir d2 && mv made d2/made && cd d2 || die "cd in"
same "below" more "$(cat made)"
cd ..
same "came up into the newer" new "$(cat who)"
cd / && must umount "$MNT/sub"
same "again" old "$(cat "$MNT/sub/who")"
must umount "$MNT"
EOS

printf -- '- a mount above\n'
run <<'EOS'
must mount -t "$TYPE" none "$MNT"
mkdir -p "$MNT/sub/deep" && echo old >"$MNT/sub/who" && echo top >"$MNT/who" || die make
cd "$MNT/sub" || die cd
exec 7<"$MNT/sub"
must mount -t "$TYPE" none "$MNT/sub/deep"
echo inner >deep/who
must mount -t "$TYPE" none "$MNT"
echo newtop >"$MNT/who"
[ ! -e "$MNT/sub" ] || die "sub in the newer"
same "below a newer" old "$(cat who)"
same "a mount of its own" inner "$(cat deep/who)"
same "up" newtop "$(cat ../who)"
refused any 'no such file' cat ../sub/who
must python3 - <<'PY'
import os
read = lambda name: open(os.open(name, os.O_RDONLY, dir_fd=7)).read()
assert read("who") == "old\n"
assert read("deep/who") == "inner\n"
assert read("../who") == "newtop\n"
assert sorted(os.listdir(7)) == ["deep", "who"]
assert open("/proc/self/fd/7/who").read() == "old\n"
os.fchdir(7)
assert open("who").read() == "old\n"
PY
mkdir "$MNT/sub" && mkdir "$MNT/sub/deep" || die mkdir
must mount -t "$TYPE" none "$MNT/sub/deep"
echo other >"$MNT/sub/deep/who"
same "of the older still" inner "$(cat deep/who)"
same "of the newer" other "$(cat "$MNT/sub/deep/who")"
exec 7<&-
cd /
must umount "$MNT/sub/deep"
must umount "$MNT"
same "beneath" inner "$(cat "$MNT/sub/deep/who")"
must umount "$MNT/sub/deep"
must umount "$MNT"
EOS

printf -- '- a real directory\n'
run <<'EOS'
cd "$T_TMP/a/b" || die cd
must mount -t "$TYPE" none "$T_TMP/a/b/c"
echo inner >c/who
must mount -t "$TYPE" none "$T_TMP/a"
echo new >"$T_TMP/a/who"
same "below a newer" host "$(cat who)"
same "a mount of its own" inner "$(cat c/who)"
same "up" new "$(cat ../who)"
same "of /proc" host "$(cat /proc/self/cwd/who)"
same "of /proc, up" new "$(cat /proc/self/cwd/../who)"
refused any 'no such file' cat ../b/who
mkdir -p "$T_TMP/a/b/c" || die mkdir
must mount -t "$TYPE" none "$T_TMP/a/b/c"
echo other >"$T_TMP/a/b/c/who"
same "of the older still" inner "$(cat c/who)"
same "of the newer" other "$(cat ../b/c/who)"
cd /
must umount "$T_TMP/a/b/c"
must umount "$T_TMP/a"
must umount "$T_TMP/a/b/c"
EOS
