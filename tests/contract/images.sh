#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# images.sh DIR - one tree as images and archives of many kinds, for the
# contract; what has no tool here is left out
set -eu
export PATH=$PATH:/usr/sbin:/sbin
rm -rf "$1"
mkdir -p "$1/tree/d1/d2/d3/d4/d5/d6/d7/d8/d9" "$1/tree/many"
cd "$1"

has() {
	command -v "$1" >/dev/null
}

make_tree() {
	local i
	printf 'hello\n' >tree/small
	: >tree/empty
	head -c 300001 /dev/zero >tree/zeros
	seq 1 60000 >tree/text
	head -c 200003 /dev/urandom >tree/noise
	printf 'deep\n' >tree/d1/d2/d3/d4/d5/d6/d7/d8/d9/deep
	ln tree/small tree/hard
	ln -s ../small tree/d1/link
	ln -s "$(printf 'way/%.0s' $(seq 1 100))end" tree/long-link
	for ((i = 0; i < 700; i++)); do
		printf '%s\n' "$i" >"tree/many/file-$i"
	done
}

make_isos() {
	xorriso -as mkisofs -quiet -R -J -o rock.iso tree
	xorriso -outdev zisofs.iso -map tree / -zisofs level=9:block_size=32k \
		-find / -type f -exec set_filter --zisofs -- -commit
}

make_archives() {
	tar -C tree -cf tree.tar .
	tar -C tree -cJf tree.txz .
	tar -C tree -czf read.tgz .
	: >empty.tgz
	! has zip || (cd tree && zip -qry ../tree.zip .)
	! has cpio || (cd tree && find . | cpio -o -H newc --quiet >../tree.cpio)
	! has 7z || (cd tree && 7z a -bd -bso0 ../read.7z .)
}

make_tree
if has mksquashfs; then
	for comp in gzip xz zstd lz4; do
		mksquashfs tree "$comp.sqfs" -comp "$comp" -noappend -quiet \
			-no-progress >/dev/null
	done
fi
if has xorriso; then
	make_isos >xorriso.log 2>&1 || {
		cat xorriso.log
		exit 1
	}
fi
make_archives
