#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh - tests on another kernel, in an emulated machine
#
# usage: run.sh BUILD-DIR [REGEX]
#	 run.sh --fetch DIR	a stock kernel of this Debian into DIR
#
# Boots a kernel in qemu (no KVM needed) with an initramfs of this host's
# programs and this build, and runs there, as an ordinary user: tests/sys
# natively and in a view, and the scenarios that need no compiler. REGEX picks
# from them (`sys/open@`). Takes some ten minutes.
#
# Environment: UM_KERNEL the kernel image (default: BUILD-DIR/kernel/vmlinuz),
# UM_KERNEL_TIMEOUT seconds (2400), UM_KERNEL_MEM MiB (3072).
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

die() {
	printf 'run.sh: %s\n' "$*" >&2
	exit 1
}

skip() {
	printf 'skip: %s\n' "$*"
	exit 77
}

# The kernel of Debian's cloud image: what is needed is built in.
fetch() {
	local dir=$1 package
	mkdir -p "$dir" || die "cannot make $dir"
	cd "$dir" || die "cannot enter $dir"
	package=$(apt-cache depends linux-image-cloud-amd64 |
		sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	[ -n "$package" ] || die "apt knows no linux-image-cloud-amd64"
	apt-get download "$package" || die "cannot download $package"
	dpkg-deb -x "$package"_*.deb unpacked || die "cannot unpack $package"
	mv unpacked/boot/vmlinuz-* vmlinuz
	rm -rf unpacked "$package"_*.deb
	printf '%s: %s\n' "$dir/vmlinuz" "$package"
}

# Everything that the tests run there.
programs=(bash sh env timeout setpriv id mktemp chown chmod rm mkdir rmdir cat
	cp mv ln ls stat touch truncate head tail wc sort uniq tr cut seq dd df
	printf echo true false test basename dirname realpath readlink mknod
	mkfifo sleep date pwd uname nproc sync tee sha256sum md5sum expr
	grep sed awk find xargs diff cmp mount umount findmnt mountpoint dmesg
	mke2fs e2fsck debugfs tune2fs ps kill setsid ip busybox getfattr setfattr)

# add DIR FILE... - into that folder of the tree, with their libraries
add() {
	local dir=$tree$1 file lib
	shift
	mkdir -p "$dir"
	for file; do
		cp -L "$file" "$dir/"
		while read -r lib; do
			[ ! -e "$tree$lib" ] || continue
			mkdir -p "$tree${lib%/*}"
			cp -L "$lib" "$tree$lib"
		done < <(ldd "$file" 2>/dev/null | grep -o '/[^ ]*')
	done
}

# As on the host: /bin and the like lead into /usr.
make_tree() {
	local dir name path
	mkdir -p "$tree"/{usr,proc,sys,dev,tmp,run,var/tmp,etc,home,mnt,opt}
	for dir in bin sbin lib lib64; do
		mkdir -p "$tree/usr/$dir"
		ln -s "usr/$dir" "$tree/$dir"
	done
	for name in "${programs[@]}"; do
		path=$(type -P "$name") || continue
		add "${path%/*}" "$path"
	done
	for name in bin libexec modules; do
		add "/opt/umview/$name" "$build/$name"/*
	done
	ctest --test-dir "$build" -N | sed -n 's|.*: \(sys/.*\)|\1|p' \
		>"$tree/opt/names"
	add /opt/sys "$build"/tests/sys/*
	# for dlmopen(3): a second libc asks for it where libraries are
	path=$(ldd "$(type -P env)" | grep -o '/[^ ]*/libc\.so[^ ]*')
	add "${path%/*}" /lib64/ld-linux-x86-64.so.2
	cp -r "$here/.." "$tree/opt/tests"
	cp /etc/services /etc/protocols /etc/group "$tree/etc/"
	printf 'root:x:0:0::/root:/bin/bash\numtest:x:1000:1000::/tmp:/bin/sh\n' \
		>"$tree/etc/passwd"
	printf 'umtest:x:1000:\n' >>"$tree/etc/group"
	ln -s ../proc/self/mounts "$tree/etc/mtab"
	: >"$tree/etc/fstab"
	cp /etc/mke2fs.conf "$tree/etc/"
	printf '%s\n' "$regex" >"$tree/opt/regex"
	install -m 755 "$here/guest.sh" "$tree/init"
}

# The machine ends with this script, however that ends.
boot() {
	setpriv --pdeathsig KILL timeout "${UM_KERNEL_TIMEOUT:-2400}" \
		setpriv --pdeathsig KILL qemu-system-x86_64 -accel tcg \
		-cpu max -smp 2 -m "${UM_KERNEL_MEM:-3072}" -kernel "$kernel" \
		-initrd "$work/initrd" -nographic -no-reboot -nodefaults \
		-serial stdio -monitor none -append "console=ttyS0 quiet \
loglevel=4 panic=-1 mitigations=off random.trust_cpu=on" </dev/null
}

if [ "${1:-}" = --fetch ] && [ $# -eq 2 ]; then
	fetch "$2"
	exit
fi
[ $# -eq 1 ] || [ $# -eq 2 ] || die "usage: run.sh BUILD-DIR [REGEX]"
build=$(realpath "$1") || die "no build in $1"
regex=${2:-.}
kernel=${UM_KERNEL:-$build/kernel/vmlinuz}
for tool in qemu-system-x86_64 cpio mke2fs setpriv ldd; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
[ -r "$kernel" ] || skip "no kernel image: $kernel (run.sh --fetch makes one)"
[ -x "$build/bin/umview" ] || die "no umview in $build/bin"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/umtest.XXXXXX") || die "no temporary dir"
trap 'rm -rf "$work"' EXIT
tree=$work/tree
make_tree
(cd "$tree" && find . | cpio -o -H newc -R 0:0 --quiet) >"$work/initrd"
boot | tee "$work/log"
grep -q '^passed [1-9][0-9]*, .*failed 0' <(tr -d '\r' <"$work/log")
