#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# foreign.sh ARCH - programs for another processor: packages of Debian for ARCH,
# unpacked, run by qemu-user through umbinfmt, in the tree and chrooted into it
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
arch=${1:?}
need mke2fs apt-get dpkg
T_TIMEOUT=280
case $arch in
arm64) cpu=aarch64 machine=183 class=2 ;;
armhf) cpu=arm machine=40 class=1 ;;
i386) cpu=i386 machine=3 class=1 ;;
riscv64) cpu=riscv64 machine=243 class=2 ;;
*) fail "$arch: not known" ;;
esac
QEMU=$(command -v qemu-$cpu-static) || skip "qemu-user-static is not installed"
M=/proc/sys/fs/binfmt_misc
[ -d $M ] || skip "this kernel has no binfmt_misc: $M is not there"

# The packages come by an apt of their own, which knows of that processor only.
apt=$T_TMP/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
words=(-o "APT::Architecture=$arch" -o "APT::Architectures::=$arch"
	-o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists"
	-o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
	-o Acquire::Languages=none -o Acquire::http::Timeout=20
	-o APT::Sandbox::User= -o Debug::NoLocking=1)
packages="busybox-static bash dash coreutils libc6 libtinfo6 libselinux1
	libpcre2-8-0 libacl1 libattr1 libgmp10 libgcc-s1"
if [ "$arch" = riscv64 ]; then
	# not in the release before trixie
	sources=$(grep -rhoE '(http|https)://[^ ]*/debian/?([[:space:]]|$)' \
		/etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
		head -n 1)
	printf 'deb %s trixie main\n' "$sources" >"$apt/sources"
	words+=(-o "Dir::Etc::SourceList=$apt/sources" -o Dir::Etc::SourceParts=/dev/null)
	packages="busybox-static dash libc6"
fi
T=$T_TMP/tree
(
	cd "$apt" || exit 1
	# not every archive that the host knows has this processor
	timeout 90 apt-get "${words[@]}" update
	# shellcheck disable=SC2086 # a list of words
	timeout 90 apt-get "${words[@]}" download $packages
) >"$T_TMP/apt.log" 2>&1 ||
	skip "packages for $arch cannot be had: $(tail -n 1 "$T_TMP/apt.log")"
as_user mkdir "$T" "$T/tmp" "$T/usr" "$T/proc"
if [ "$arch" = riscv64 ]; then
	as_user sh -c 'cd "$1" && mkdir usr/lib usr/bin && ln -s usr/lib lib &&
		ln -s usr/bin bin' sh "$T"
fi
chmod -R a+rX "$apt"
for deb in "$apt"/*.deb; do
	as_user dpkg -x "$deb" "$T" || fail "dpkg -x $deb"
done

# The line for the kernel: an ELF program of this class and machine.
magic="$(printf '\\x7fELF\\x0%d\\x01\\x01\\x00' $class)$(printf '\\x00%.0s' 1 2 3 4 5 6 7 8)"
magic+=$(printf '\\x02\\x00\\x%02x\\x00' $machine)
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
LINE=":qemu:M::$magic:$mask:$QEMU:POCF"
case $arch in i386) want='i[3-6]86' ;; armhf) want='armv.*' ;; *) want=$cpu ;; esac

printf -- '- without it: nobody runs a program for %s\n' "$arch"
must_guest T="$T" M=$M <<'EOS'
if grep -qs 'interpreter.*qemu' $M/*; then
	echo "not tried: the host has an interpreter"
else
	refused 126 'format' bash -c "exec $T/bin/busybox true"
fi
EOS

cat >"$T_TMP/work.sh" <<'EOS'
must mount -t binfmt_misc none $M
must sh -c "printf '%s' '$LINE' >$M/register"
same "static" yes "$("$T/bin/busybox" uname -m | grep -qx "$WANT" && echo yes)"
same "argv" "a b  c" "$("$T/bin/busybox" echo a "b  c")"
same "status" 7 "$("$T/bin/busybox" sh -c 'exit 7'; echo $?)"
same "another root" "1 2 3" "$(chroot "$T" /bin/busybox sh -c \
	'for i in 1 2 3; do /bin/busybox echo $i; done' | xargs)"
same "dynamic" "dash: yes" "$(chroot "$T" /bin/dash -c 'echo "dash: $(/bin/dash -c "echo yes")"')"
same "many" 30 "$(chroot "$T" /bin/dash -c \
	'i=0; while [ $i -lt 30 ]; do /bin/busybox echo x; i=$((i+1)); done' | wc -l)"
printf '#!/bin/dash\necho "script $0 $*"\n' >"$T/tmp/script"
chmod 755 "$T/tmp/script"
same "script" "script /tmp/script 1 2" "$(chroot "$T" /tmp/script 1 2)"
same "script, by a child" "script /tmp/script 3" \
	"$(chroot "$T" /bin/dash -c '/tmp/script 3; exit 0')"
if [ -x "$T/bin/bash" ]; then
	same "bash" "name 5" "$(chroot "$T" /bin/bash -c \
		'exec -a name /bin/bash -c "echo \$0 \$((2 + 3))"')"
	same "pipes" 5 "$(chroot "$T" /bin/bash -c \
		'/bin/ls / | /usr/bin/sort | /usr/bin/head -n 5 | /usr/bin/wc -l')"
	must chroot "$T" /bin/bash -c '/bin/mkdir /tmp/d && cd /tmp/d &&
		echo x >a && /bin/cp a b && /bin/mv b c && [ "$(/bin/cat c)" = x ] &&
		/bin/rm -r /tmp/d'
	same "wait, signals" "143 0" "$(chroot "$T" /bin/bash -c \
		'/bin/sleep 100 & kill $!; wait $!; a=$?; true & wait $!; echo $a $?')"
fi
must rm "$T/tmp/script"
EOS
printf -- '- in a directory of the host\n'
must_guest T="$T" M=$M LINE="$LINE" WANT="$want" QEMU="$QEMU" <"$T_TMP/work.sh"
printf -- '- on an image\n'
pack_image "$IMG" 128M "$T"
{
	# shellcheck disable=SC2016
	printf 'must mount -t umfuseext2 "$IMG" "$MNT"; T=$MNT\n'
	cat "$T_TMP/work.sh"
	# shellcheck disable=SC2016
	printf 'must umount $M; must umount "$MNT"\n'
} >"$T_TMP/image.sh"
must_guest T="$T" M=$M LINE="$LINE" WANT="$want" QEMU="$QEMU" <"$T_TMP/image.sh"
fsck_img "$IMG"
nothing_outside
