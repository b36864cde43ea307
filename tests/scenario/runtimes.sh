#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# runtimes.sh - programs without glibc: Go's runtime, also together with C, a
# static one of musl's
#
# usage: runtimes.sh go|cgo|cgo_static|musl
#
# The program says natively what it must say in a view, on the host's files and
# on an image, and when it lies on the image itself.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
prog=$T_TMP/walk

# Debian's versioned packages leave no go in PATH.
find_go() {
	local path
	for path in "$(command -v go)" /usr/lib/go-*/bin/go; do
		[ -x "$path" ] || continue
		go=$path
		return
	done
	skip "go is not installed"
}

build_go() {
	find_go
	as_user env GOCACHE="$T_TMP/cache" GOPATH="$T_TMP/path" \
		GO111MODULE=off CGO_ENABLED=0 "$go" build -o "$prog" \
		"$here/runtimes/walk.go"
}

# build_mixed OPTION...
build_mixed() {
	find_go
	need cc
	as_user env GOCACHE="$T_TMP/cache" GOPATH="$T_TMP/path" \
		GO111MODULE=off CGO_ENABLED=1 "$go" build "$@" -o "$prog" \
		"$here/runtimes/mixed.go"
}

build_cgo() {
	build_mixed
}

build_cgo_static() {
	build_mixed -ldflags '-linkmode external -extldflags -static'
}

build_musl() {
	need musl-gcc
	as_user musl-gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$prog" \
		"$here/runtimes/walk.c"
}

case ${1:-} in
go | cgo | cgo_static | musl) "build_$1" || fail "cannot build the program of $1" ;;
*) fail "usage: runtimes.sh go|cgo|cgo_static|musl" ;;
esac
as_user mkdir "$T_TMP/plain"
want=$(as_user "$prog" "$T_TMP/plain") || fail "natively: $want"
case $want in
*FAIL*) fail "natively: $want" ;;
esac
mkimg "$IMG"

# Its calls stay in the process: of the many opens next to none is the monitor's.
# Where C's library lies in one text with Go's code, nothing is replaced.
UMVIEW_FLAGS=--stats in_view "$prog" "$T_TMP/plain" >/dev/null 2>"$T_TMP/stats" ||
	fail "with --stats: $(cat "$T_TMP/stats")"
[ "$1" = cgo_static ] || awk -v prog="$prog" '$3 == prog && $1 > 0 { replaced = 1 }
	/^open(at)? / { inside += $2; outside += $3 + $4 }
	END { exit !(replaced && inside > 100 && outside < inside / 10) }' \
	"$T_TMP/stats" || fail "not in the process: $(cat "$T_TMP/stats")"

for options in '' --no-agent; do
	# shellcheck disable=SC2086 # one word or none
	must_guest prog="$prog" want="$want" options="$options" -- $options <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
for i in 1 2 3; do
	same "on the host's files" "$want" "$("$prog" "$PWD/plain")"
	same "on the image" "$want" "$("$prog" "$MNT")"
done
if [ -z "$options" ]; then
	must cp "$prog" "$MNT/prog"
	same "from the image" "$want" "$("$MNT/prog" "$MNT")"
	must rm "$MNT/prog"
fi
must umount "$MNT"
EOS
	fsck_img "$IMG"
done
