#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# viewfs_worm.sh - cp -a, tar and rsync -a put trees into a worm, and nobody
# changes them afterwards
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need cp tar rsync python3 setfattr
as_user mkdir -p "$T_TMP"/{src/d/e,src/secret,low/old,store}
user_write "$T_TMP/src/f" <<<one
user_write "$T_TMP/src/d/prog" <<<'#!/bin/sh'
user_write "$T_TMP/src/d/e/deep" <<<deep
user_write "$T_TMP/low/kept" <<<kept
user_write "$T_TMP/low/old/f" <<<old
as_user sh -c 'cd "$1" && chmod 755 d/prog && chmod 400 d/e/deep &&
	chmod 700 secret && ln f d/hard && ln -s ../f d/link && mkfifo pipe &&
	setfattr -n user.um -v x f &&
	touch -d 2001-02-03T04:05:06.789 f d/prog d/e/deep d/e d secret pipe .
	touch -h -d 2002-03-04 d/link' sh "$T_TMP/src" || fail "the tree"
as_user tar -C "$T_TMP/src" --xattrs -cf "$T_TMP/src.tar" .

# what there is, but for a directory's own size; $1: a directory
list() {
	(cd "$1" && find . -mindepth 1 -printf '%p %y %m %U:%G %l %n ' \
		\( -type d -printf '%T@\n' -o -printf '%s %T@\n' \)) | sort
}
list "$T_TMP/src" >"$T_TMP/want"
before=$(list "$T_TMP/low")

for flags in '' --no-agent; do
	printf -- '- %s\n' "${flags:-fast}"
	as_user rm -rf "$T_TMP/store" "$T_TMP/got"
	as_user mkdir "$T_TMP/store"
	# shellcheck disable=SC2086 # none, or one
	must_guest LIST="$(declare -f list)" -- $flags <<'EOS'
eval "$LIST"
must mount -t viewfs -o worm "$PWD/store" "$PWD/low"
must cp -a src low/cp
must cp -p src/f low/old/p
must rsync -aHX src low/rsync
must rsync -aHX src/ low/rsync2
must mkdir low/tar
must tar -C low/tar --xattrs -xpf src.tar
for at in cp rsync/src rsync2 tar; do
	list "low/$at" >got
	must diff -u want got
	same "an attribute" x "$(getfattr --only-values -n user.um "low/$at/f")"
done
same "nothing more to do" "" "$(rsync -aiHX src/ low/cp)"

# by others, nothing
for name in low/cp/f low/kept low/old/p; do
	refused any 'Read-only' sh -c 'echo y >>"$1"' sh "$name"
	refused any 'Read-only' sh -c ': >"$1"' sh "$name"
	refused any 'Read-only' truncate -s 1 "$name"
	refused any 'Read-only' chmod 777 "$name"
	refused any 'Read-only' touch -d 2010-01-01 "$name"
	refused any 'Read-only' setfattr -n user.more -v x "$name"
	refused any 'Read-only' setfattr -x user.um low/cp/f
	refused any 'Read-only' rm -f "$name"
	refused any 'Read-only' mv "$name" low/moved
	refused any 'Read-only' mv src/f "$name"
	refused any 'Read-only' cp -f src/f "$name"
done
refused any 'Read-only' mv low/cp low/moved
refused any 'Read-only' rm -r low/cp
refused any 'Read-only' rmdir low/cp/secret
refused any 'Read-only' chmod 777 low/cp/d
must chmod 700 low/cp/secret
refused any 'No such file' rm low/nothing

# by who made it: its name and its attributes, and no more
must python3 - <<'PY'
import errno, os
def refused(call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno == errno.EROFS, e
    else:
        raise SystemExit(f"not refused: {call} {args}")
with open("low/mine", "w") as f:
    f.write("text")
    f.flush()
    os.ftruncate(f.fileno(), 2)
    os.fchmod(f.fileno(), 0o600)
    os.utime(f.fileno(), (1, 2))
os.chmod("low/mine", 0o640)
os.rename("low/mine", "low/named")
os.utime("low/named", ns=(3, 4))
st = os.stat("low/named")
assert (st.st_mode & 0o777, st.st_size, st.st_mtime_ns) == (0o640, 2, 4), st
refused(open, "low/named", "a")
refused(os.truncate, "low/named", 0)
refused(os.rename, "low/named", "low/kept")
refused(os.rename, "low/kept", "low/named")
os.mkdir("low/dir")
refused(os.rename, "low/dir", "low/other")
os.rmdir("low/dir")
# a child is another process
pid = os.fork()
if pid == 0:
    refused(os.chmod, "low/named", 0o600)
    refused(os.unlink, "low/named")
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
open("low/tmp", "w").close()
os.unlink("low/tmp")
# what is opened to be read, and was there: no change by its descriptor
fd = os.open("low/cp/f", os.O_RDONLY)
refused(os.fchmod, fd, 0o777)
refused(os.utime, fd)
PY
same "of the program" te "$(cat low/named)"
must umount low
must mount -t viewfs -o worm "$PWD/store" "$PWD/low"
list low/cp >got
must diff -u want got
refused any 'Read-only' rm -f low/named
must umount low
EOS
done
[ "$(list "$T_TMP/low")" = "$before" ] || fail "the tree beneath was changed"
nothing_outside
