#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# binfmt.sh - umbinfmt: as the kernel's binfmt_misc, and what is a view's own
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs python3
T_TIMEOUT=170
M=/proc/sys/fs/binfmt_misc
[ -d $M ] || skip "this kernel has no binfmt_misc: $M is not there"

# kernels SCRIPT - run it where the kernel's own binfmt_misc is mounted, in a
# user namespace, so that the host's is not touched (Linux 6.7 or later)
kernels() {
	as_user unshare -Urm sh -c "mount -t binfmt_misc none $M && $1"
}

has_kernels=yes
kernels : >"$T_TMP/probe" 2>&1 || has_kernels=

printf -- '- the same lines, files and programs: the kernel, and a view\n'
if [ "$has_kernels" ]; then
	as_user mkdir "$T_TMP/work.kernel" "$T_TMP/work.view"
	ask() {
		printf 'mkdir -p %s; exec python3 %s/binfmt.py %s %s' \
			"$T_TMP/work" "$here" "$M" "$T_TMP/work"
	}
	kernels "$(ask)" >"$T_TMP/kernel.out" 2>&1 ||
		fail "binfmt.py: $(tail -n 5 "$T_TMP/kernel.out")"
	as_user rm -r "$T_TMP/work"
	guest >"$T_TMP/view.out" 2>&1 <<EOS
must mount -t binfmt_misc none $M
$(ask)
EOS
	# shellcheck disable=SC2181
	[ $? -eq 0 ] || fail "binfmt.py: $(tail -n 5 "$T_TMP/view.out")"
	[ "$(wc -l <"$T_TMP/kernel.out")" -gt 4000 ] ||
		fail "binfmt.py: $(wc -l <"$T_TMP/kernel.out") lines only"
	diff "$T_TMP/kernel.out" "$T_TMP/view.out" >"$T_TMP/diff" ||
		fail "the kernel, and the view: $(head -n 20 "$T_TMP/diff")"
else
	printf 'not compared with the kernel, which does not mount it here: %s\n' \
		"$(head -n 1 "$T_TMP/probe")"
fi

printf -- '- where it is mounted, and from what\n'
as_user sh -c 'cd "$1" && mkdir in in/deep out && printf "qfmt\000\n" >in/deep/p &&
	printf "#!/bin/sh\necho \"by \$0 of \$*\"\n" >by && cp by by2 &&
	printf x >plain && chmod 755 by by2 in/deep/p && cp in/deep/p out/p &&
	ln -s in link' sh "$T_TMP" || fail "files"
must_guest M=$M <<'EOS'
must mount -t umbinfmt none "$MNT"
same "of type" "none umbinfmt" "$(findmnt -nro SOURCE,FSTYPE "$MNT")"
same "listing" "register status" "$(ls "$MNT" | xargs)"
same "status" enabled "$(cat "$MNT/status")"
must sh -c "echo ':f:M::qfmt::$PWD/by:' >$MNT/register"
must python3 - <<'PY'
import errno, os
register = os.open(os.environ["MNT"] + "/register", os.O_WRONLY)
status = os.open(os.environ["MNT"] + "/status", os.O_WRONLY)
for call in (os.write, lambda fd, data: os.pwrite(fd, data, 0)):
    assert call(status, b"") == 0
    try:
        call(register, b"")
        raise SystemExit("an empty line is registered")
    except OSError as error:
        assert error.errno == errno.EINVAL
assert os.writev(register, [b"", b""]) == 0
PY
same "everything" "by $PWD/by of out/p 1" "$(out/p 1)"
must umount "$MNT"
refused 126 'format' bash -c 'exec out/p'

# Below one directory only, however it is reached.
for source in "$PWD/in" "$PWD/link"; do
	must mount -t umbinfmt "$source" "$MNT"
	must sh -c "echo ':f:M::qfmt::$PWD/by:' >$MNT/register"
	same "below" "by $PWD/by of in/deep/p" "$(in/deep/p)"
	same "below, by .." "by $PWD/by of out/../in/deep/p" "$(out/../in/deep/p)"
	same "by a link" "by $PWD/by of link/deep/p" "$(link/deep/p)"
	refused 126 'format' bash -c 'exec out/p'
	must umount "$MNT"
done
refused any 'directory' mount -t umbinfmt "$PWD/by" "$MNT"
refused any 'no such|not exist' mount -t umbinfmt /nothing/there "$MNT"
refused any 'option|argument' mount -t umbinfmt -o what none "$MNT"
refused any 'option|argument' mount -t umbinfmt -o debug=2 none "$MNT"

# The newest mount is asked first; an entry of an older one is found still.
mkdir second
must mount -t umbinfmt none "$MNT"
must mount -t umbinfmt none second
must sh -c "echo ':f:M::qfmt::$PWD/by:' >$MNT/register"
same "the older" "by $PWD/by of out/p" "$(out/p)"
must sh -c "echo ':f:M::qfm::$PWD/by2:' >second/register"
same "the newer" "by $PWD/by2 of out/p" "$(out/p)"
must sh -c 'echo 0 >second/f'
same "the older again" "by $PWD/by of out/p" "$(out/p)"

# In the place of another it begins with what that had, and has it to itself.
must mount -t binfmt_misc none "$MNT"
same "taken over" "f register status" "$(ls "$MNT" | xargs)"
same "taken over" "by $PWD/by of out/p" "$(out/p)"
must sh -c "echo -1 >$MNT/f"
refused 126 'format' bash -c 'exec out/p'
must umount "$MNT"
same "as it was" "by $PWD/by of out/p" "$(out/p)"

# A view in the view has its own.
umview -q sh -c "mount -t umbinfmt none $MNT && echo -1 >$MNT/f" || die nested
same "untouched" "by $PWD/by of out/p" "$(out/p)"
must umount "$MNT"
must umount second
EOS

printf -- '- what it tells\n'
as_user "$UMVIEW" sh -c "mount -t umbinfmt -o debug none $MNT &&
	echo ':f:M::qfmt::$T_TMP/by:' >$MNT/register && $T_TMP/out/p" \
	>"$T_TMP/out.txt" 2>&1 || fail "debug: $(cat "$T_TMP/out.txt")"
for word in 'f registered' "f: $T_TMP/out/p is run by $T_TMP/by"; do
	grep -q "$word" "$T_TMP/out.txt" ||
		fail "debug says: $(cat "$T_TMP/out.txt")"
done
as_user "$UMVIEW" -q sh -c 'um_add_service umbinfmt; um_ls_service -v' |
	grep -q '^ *debug' || fail "um_ls_service -v"
nothing_outside

printf -- '- programs and interpreters on an image; flag F and another root\n'
as_user mkdir "$T_TMP/tree" "$T_TMP/tree/sub"
as_user sh -c 'cd "$1" && cp "$(command -v busybox || echo ../by)" tree/busybox &&
	printf "qfmt\000\n" >tree/prog && printf "#!%s/busybox sh\necho on \"\$@\"\n" \
		"$2" >tree/interp && printf "qfmt2\000\n" >tree/sub/prog &&
	chmod 755 tree/prog tree/interp tree/sub/prog' sh "$T_TMP" "$MNT"
pack_image "$IMG" 16M "$T_TMP/tree"
must_guest M=$M <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
must mount -t umbinfmt none $M
must sh -c "echo ':f:M::qfmt::$PWD/by:' >$M/register"
same "virtual program" "by $PWD/by of $MNT/prog 1" "$("$MNT/prog" 1)"
if command -v busybox >/dev/null; then
	must sh -c "echo ':g:M::qfmt2::$MNT/interp:' >$M/register"
	same "all virtual" "on $MNT/sub/prog 1" "$("$MNT/sub/prog" 1)"
	# fixed: the interpreter is not to be found in there by its name
	must sh -c "echo ':h:M::qfmt2::$(command -v busybox):F' >$M/register"
	ln -s "$MNT/sub/prog" echo
	chroot "$MNT" /sub/prog 2>&1 | grep -q 'applet not found' ||
		die "flag F: $(chroot "$MNT" /sub/prog 2>&1)"
	must sh -c "echo 0 >$M/h"
	refused 127 'no such' chroot "$MNT" /sub/prog
	# a fixed interpreter is open, and stays what it was
	must sh -c "echo ':i:M::qfmt::$MNT/busybox:F' >$M/register"
	must mv "$MNT/busybox" "$MNT/moved"
	"$MNT/prog" 2>&1 | grep -q 'applet not found' || die "moved away"
	must rm "$MNT/moved"
	"$MNT/prog" 2>&1 | grep -q 'applet not found' || die "removed"
else
	echo "not tried without busybox: interpreters on an image"
fi
must umount $M
must umount "$MNT"
EOS
fsck_img "$IMG"

printf -- '- the entries of the host\n'
if [ "$has_kernels" ]; then
	kernels "echo ':host:M::qfmt::$T_TMP/by:' >$M/register
		exec $UMVIEW -q bash $here/binfmt_host.sh $T_TMP $M" \
		>"$T_TMP/out.txt" 2>&1 || fail "$(cat "$T_TMP/out.txt")"
else
	printf 'not tried: there is no binfmt_misc for it\n'
fi

printf -- '- update-binfmts and systemd-binfmt\n'
if command -v update-binfmts >/dev/null; then
	as_user mkdir "$T_TMP/admin"
	must_guest M=$M <<'EOS'
must mount -t binfmt_misc none $M
ub="update-binfmts --admindir $PWD/admin"
must $ub --install mine "$PWD/by" --magic qfmt
same "installed" "by $PWD/by of out/p" "$(out/p)"
must $ub --disable mine
[ ! -e $M/mine ] || die "--disable"
must $ub --enable mine
grep -q '^magic 71666d74$' $M/mine || die "--enable: $(cat $M/mine)"
must $ub --remove mine "$PWD/by"
same "removed" "register status" "$(ls $M | xargs)"
EOS
else
	printf 'not tried: binfmt-support is not installed\n'
fi
if [ -x /lib/systemd/systemd-binfmt ] &&
	ls /usr/lib/binfmt.d/*.conf >"$T_TMP/conf" 2>/dev/null; then
	must_guest M=$M N="$(cat /usr/lib/binfmt.d/*.conf | grep -c '^:')" <<'EOS'
must mount -t binfmt_misc none $M
/lib/systemd/systemd-binfmt
n=$(ls $M | wc -l)
# those whose interpreters are not installed and fixed are refused
[ "$n" -gt 2 ] && [ "$n" -le $((N + 2)) ] || die "$n of $N entries"
must /lib/systemd/systemd-binfmt --unregister
same "unregistered" "register status" "$(ls $M | xargs)"
EOS
else
	printf 'not tried: systemd-binfmt, or something for it to register\n'
fi
