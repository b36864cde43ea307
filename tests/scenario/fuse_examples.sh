#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_examples.sh - libfuse's own example daemons, and its test program through
# those that pass on; from the source package of the distribution
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need apt-get gcc g++ pkg-config python3 mountpoint
pkg-config --exists fuse3 || skip "no libfuse3-dev"

# The machine's own package sources, asked for source packages; its lists stay
# as they are.
A=$T_TMP/apt
as_user mkdir -p "$A/parts" "$A/lists/partial" "$A/cache/archives/partial"
APT=(as_user apt-get -q -o "Dir::Etc::SourceList=$A/none"
	-o "Dir::Etc::SourceParts=$A/parts" -o "Dir::State::Lists=$A/lists"
	-o "Dir::Cache=$A/cache" -o APT::Sandbox::User= -o Acquire::Retries=1)
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
	grep -qs debian "$f" || continue
	sed -e 's/^deb /deb-src /' -e 's/^Types:.*/Types: deb-src/' "$f" |
		user_write "$A/parts/$(basename "$f")"
	case $f in
	*.list | *.sources) ;;
	*) rm -f "$A/parts/$(basename "$f")" ;;
	esac
done
"${APT[@]}" update >"$T_TMP/apt.log" 2>&1 ||
	printf 'apt-get update: %s\n' "$(tail -1 "$T_TMP/apt.log")"
cd "$T_TMP" || exit 1
"${APT[@]}" source --download-only fuse3 >>"$T_TMP/apt.log" 2>&1 ||
	skip "no source of fuse3: $(tail -1 "$T_TMP/apt.log")"
as_user mkdir -p bin src
as_user tar -xf fuse3_*.orig.tar.[gx]z -C src --strip-components=1 ||
	fail "fuse3's source"

# What its configure would find here.
for name in COPY_FILE_RANGE FDATASYNC FSTATAT OPENAT PIPE2 POSIX_FALLOCATE \
	READLINKAT SETXATTR SPLICE UTIMENSAT VMSPLICE STRUCT_STAT_ST_ATIM; do
	printf '#define HAVE_%s\n' "$name"
done | user_write bin/config.h
printf '#define PACKAGE_VERSION "test"\n' | user_write bin/version.h
cat bin/version.h bin/config.h | user_write bin/fuse_config.h
build() {
	local compiler=$1 out=$2 source=$3
	# shellcheck disable=SC2046 # a list of flags
	as_user "$compiler" -w -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Ibin \
		-include bin/fuse_config.h $(pkg-config --cflags fuse3) \
		-o "bin/$out" "src/$source" -lfuse3 -lpthread ||
		fail "$source does not build"
}
for name in hello hello_ll passthrough passthrough_fh passthrough_ll \
	notify_inval_inode notify_inval_entry notify_store_retrieve \
	invalidate_path poll poll_client ioctl ioctl_client null cuse \
	cuse_client; do
	build gcc "$name" "example/$name.c"
done
build g++ passthrough_hp example/passthrough_hp.cc
for name in test_syscalls test_setattr test_write_cache; do
	build gcc "$name" "test/$name.c"
done

printf -- '- hello, ioctl, null\n'
must_guest <<'EOS'
for daemon in hello hello_ll; do
	must bin/$daemon "$MNT"
	same $daemon "Hello World!" "$(cat "$MNT/hello")"
	same "its names" hello "$(ls "$MNT")"
	(echo x >"$MNT/hello") 2>/dev/null && die "$daemon: written"
	must umount "$MNT"
done
must bin/ioctl "$MNT"
same "size at first" 0 "$(bin/ioctl_client "$MNT/fioc")"
must bin/ioctl_client "$MNT/fioc" 5
same "size set" 5 "$(bin/ioctl_client "$MNT/fioc")"
must umount "$MNT"
touch nothing
must bin/null "$PWD/nothing"
same "null gives" 100 "$(head -c 100 nothing | wc -c)"
echo x >nothing || die "null takes"
must umount "$PWD/nothing"
EOS

printf -- '- notifications\n'
must_guest <<'EOS'
started() {
	until mountpoint -q "$MNT"; do sleep 0.05; done
}
changes() {
	local before
	before=$(cat "$MNT/current_time")
	for _ in $(seq 100); do
		[ "$(cat "$MNT/current_time")" != "$before" ] && return
		sleep 0.1
	done
	return 1
}
for daemon in notify_inval_inode notify_store_retrieve; do
	bin/$daemon -f --update-interval=1 "$MNT" & pid=$!
	started
	changes || die "$daemon: nothing changes"
	changes || die "$daemon: no second change"
	must umount "$MNT"
	wait $pid || die "$daemon: $?"
done
bin/notify_inval_inode -f --update-interval=1 --no-notify "$MNT" & pid=$!
started
before=$(cat "$MNT/current_time")
sleep 2
same "not notified" "$before" "$(cat "$MNT/current_time")"
must umount "$MNT"
wait $pid
for option in --update-interval=1 --only-expire; do
	bin/notify_inval_entry -f --update-interval=1 --timeout=60 $option \
		"$MNT" & pid=$!
	started
	name=$(ls "$MNT")
	stat "$MNT/$name" >/dev/null
	for _ in $(seq 100); do
		[ -e "$MNT/$name" ] || break
		sleep 0.1
	done
	[ ! -e "$MNT/$name" ] || die "notify_inval_entry: $name stays"
	must umount "$MNT"
	wait $pid || die "notify_inval_entry: $?"
done
true
EOS

printf -- '- poll: its client waits sixteen times, each time for what is there\n'
must_guest <<'EOS'
bin/poll -f "$MNT" >/dev/null & pid=$!
until mountpoint -q "$MNT"; do sleep 0.05; done
cd "$MNT" && timeout 60 "$OLDPWD/bin/poll_client" >"$OLDPWD/log" ||
	die "poll_client: $?"
cd "$OLDPWD" && must umount "$MNT"
wait $pid || die "poll: $?"
same "waits" 16 "$(grep -c . log)"
grep -vqE '[0-9A-F]:[0-9]' log && die "nothing was there: $(cat log)"
grep -q '_:' log || die "all of it always: $(cat log)"
EOS

printf -- '- test_syscalls, through each that passes on\n'
for daemon in passthrough passthrough_fh passthrough_ll passthrough_hp; do
	must_guest "DAEMON=$daemon" <<'EOS'
mkdir "$DAEMON"
case $DAEMON in
passthrough_ll) must bin/$DAEMON -o source="$PWD/$DAEMON" "$MNT" ;;
passthrough_hp) must bin/$DAEMON --nocache "$PWD/$DAEMON" "$MNT" ;;
*) must bin/$DAEMON -o modules=subdir,subdir="$PWD/$DAEMON" "$MNT" ;;
esac
until mountpoint -q "$MNT"; do sleep 0.05; done
bin/test_syscalls "$MNT" ":$PWD/$DAEMON" >log 2>&1 ||
	die "$DAEMON: $(grep -v 'OK$' log)"
must umount "$MNT"
EOS
done

printf -- '- passthrough_ll with the write-back cache\n'
must_guest <<'EOS'
mkdir behind
must bin/passthrough_ll -o writeback,source="$PWD/behind" "$MNT"
for i in $(seq 2000); do echo "line $i"; done >"$MNT/lines" || die "write"
for i in $(seq 2001 2100); do echo "line $i" >>"$MNT/lines"; done
must truncate -s 100000 "$MNT/lines"
seq 2100 | sed 's/^/line /' >expected && truncate -s 100000 expected
must cmp expected "$MNT/lines"
must umount "$MNT"
must cmp expected behind/lines
EOS

printf -- '- cuse: a character device of the view\n'
must_guest <<'EOS'
ls -l /dev/cuse >log 2>&1 && ! grep -q "No such" log || die "$(cat log)"
# Its process is looked for by this name, and others may run the same test.
name=umtest-$$
must bin/cuse --name=$name --maj=200 --min=3
dev=/dev/$name
until [ -c $dev ]; do sleep 0.05; done
ls /dev | grep -qx $name || die "not listed"
same "its number" "c8 3" "$(stat -c '%t %T' $dev)"
same "size at first" 0 "$(bin/cuse_client $dev s)"
must bin/cuse_client $dev s 10 >/dev/null
same "size set" 10 "$(bin/cuse_client $dev s)"
printf hello | bin/cuse_client $dev w 5 2 >log || die "write: $(cat log)"
same "written by ioctl" "  hello   " \
	"$(bin/cuse_client $dev r 10 2>/dev/null | tr '\0' ' ')"
printf abc >$dev || die "write"
same "read" abcello "$(head -c 10 $dev | tr -d '\0')"
cd /dev && same "by another name" abc "$(head -c 3 $name)"
pid=$(pgrep -u "$(id -u)" -f "name=$name ") && must kill "$pid"
for _ in $(seq 100); do
	[ -e $dev ] || break
	sleep 0.1
done
[ ! -e $dev ] || die "it stays when its daemon has gone"
EOS
[ ! -e /dev/umtest-cuse ] || fail "the device is seen outside"

printf -- '- test_setattr, test_write_cache\n'
must_guest <<'EOS'
bin/test_setattr "$MNT" >log 2>&1 || die "test_setattr: $(cat log)"
bin/test_write_cache "$MNT" >log 2>&1 || die "test_write_cache: $(cat log)"
EOS
nothing_outside
