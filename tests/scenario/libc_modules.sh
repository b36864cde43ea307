#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libc_modules.sh - a module that makes plain libc calls works on the view
# beneath its mount: it mirrors a directory of a mounted image
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck debugfs python3
mkimg "$IMG" 16M
as_user mkdir "$T_TMP/mirror"
modules=$(dirname "$UMVIEW")/../tests/umfuse
[ -e "$modules/umfusemirror.so" ] || skip "no test program umfusemirror here"

printf -- '- a mirror of a mounted image is read and written\n'
as_user env UMVIEW_MODULE_PATH="$modules" "$UMVIEW" -q bash -c '
	mount -t umfuseext2 "$1" "$2" && echo beneath >"$2/f" || exit 2
	mount -t umfusemirror "$2" "$3" || exit 3
	[ "$(cat "$3/f")" = beneath ] || exit 4
	[ "$(ls "$3" | tr "\n" " ")" = "f lost+found " ] || exit 5
	echo through >"$3/g" && mkdir "$3/d" && echo deep >"$3/d/h" || exit 6
	[ "$(cat "$2/g" "$2/d/h")" = "$(printf "through\ndeep")" ] || exit 7
	rm "$3/f" && [ ! -e "$2/f" ] || exit 8
	exec 3>"$3/w" && echo written >&3 || exit 10
	[ "$(cat "$3/w")" = written ] || exit 11
	exec 3>&-
	umount "$3" && umount "$2" || exit 9
' bash "$IMG" "$MNT" "$T_TMP/mirror" >"$T_TMP/out" 2>&1 </dev/null
status=$?
[ $status -eq 0 ] || fail "step $status: $(cat "$T_TMP/out")"
fsck_img "$IMG"
[ "$(debugfs -R 'cat /g' "$IMG" 2>/dev/null)" = through ] || fail 'g is lost'

printf -- '- a copy from file to file is the module'"'"'s own\n'
cat >"$T_TMP/copy.py" <<'PY'
import mmap
import os
import sys

os.chdir(sys.argv[1])
with open("in", "wb") as f:
    f.write(b"0123456789" * 1000)
with open("out", "wb") as f:
    f.write(b"." * 5000)
a = os.open("in", os.O_RDONLY)
b = os.open("out", os.O_RDWR)
seen = mmap.mmap(b, 5000, mmap.MAP_SHARED, mmap.PROT_READ)
assert os.copy_file_range(a, b, 100, 5, 4000) == 100
assert seen[3999:4101] == b"." + b"5678901234" * 10 + b"."
assert os.copy_file_range(a, b, 3000, 0, 4900) == 3000
assert os.fstat(b).st_size == 7900
assert os.pread(b, 4, 7896) == b"6789"
assert os.copy_file_range(a, b, 5, 9999, 0) == 1
assert os.copy_file_range(a, b, 5, 10000, 0) == 0
try:
    os.copy_file_range(b, b, 100, 0, 50)
    sys.exit("an overlap was copied")
except OSError as e:
    assert e.errno == 22, e
PY
as_user python3 "$T_TMP/copy.py" "$T_TMP/mirror" || fail "natively"
# The mirror's own call then goes to umfuseext2, which has none.
as_user env UMVIEW_MODULE_PATH="$modules" "$UMVIEW" -q --log-level trace \
	--log "$T_TMP/log" bash -c '
	mount -t umfuseext2 "$1" "$2" || exit 2
	mount -t umfusemirror "$2" "$3" || exit 3
	python3 "$4" "$3" || exit 4
	cmp "$2/out" "$3/out" || exit 5
' bash "$IMG" "$MNT" "$T_TMP/mirror" "$T_TMP/copy.py" >"$T_TMP/out" 2>&1 \
	</dev/null
status=$?
[ $status -eq 0 ] || fail "step $status: $(cat "$T_TMP/out")"
[ "$(grep -c 'umfusemirror: copy_file_range .* = 100$' "$T_TMP/log")" -eq 1 ] ||
	fail "not asked: $(grep copy_file_range "$T_TMP/log")"
fsck_img "$IMG"
