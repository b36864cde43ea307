#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# module_recipe.sh - "copy the smallest one, rename, build": what
# modules/README.md says works, with a compiler and the public headers alone
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
CC=${CC:-cc}
need "$CC" sed
src=$(cd "$here/../.." && pwd)
as_user mkdir -p modules "$T_TMP/.umview/modules"

# recipe TEMPLATE NAME - a module of another name, built by hand
recipe() {
	local file
	as_user mkdir "modules/$2"
	for file in "$src/modules/$1"/*.[ch]; do
		sed "s/$1/$2/g" "$file" | user_write "modules/$2/$(basename "$file" | sed "s/$1/$2/")"
	done
	build "$2"
}

build() {
	as_user "$CC" -std=gnu17 -Wall -Werror -O1 -fPIC -shared \
		-D_GNU_SOURCE -I "$src/umview/include" \
		-o "$T_TMP/.umview/modules/$1.so" "modules/$1"/*.c ||
		fail "$1 does not compile"
}

for file in "$src"/modules/{hide,ramfs}/*.[ch]; do
	[ "$(wc -l <"$file")" -lt 150 ] || fail "a template of 150 lines: $file"
done
recipe ramfs mine
recipe hide veil
recipe ramfs future
sed 's/UM_MODULE_API/99/' modules/future/future.c | user_write modules/future/f
as_user mv modules/future/f modules/future/future.c
build future
printf 'int um_nothing;\n' | user_write nothing.c
as_user "$CC" -shared -fPIC -o nothing.so nothing.c || fail cc
must_guest <<'EOS'
must mount -t mine none "$MNT"
echo x >"$MNT/file" && mkdir "$MNT/dir" && cp /etc/passwd "$MNT/dir/" || die write
must cmp /etc/passwd "$MNT/dir/passwd"
mkdir seen && touch seen/a seen/b.key
must mount -t veil -o 'veil=*.key' "$PWD/seen" "$PWD/seen" 2>/dev/null ||
	must mount -t veil -o 'hide=*.key' "$PWD/seen" "$PWD/seen"
same "what is seen" a "$(ls seen)"
same "services" "mine veil" "$(echo $(um_ls_service | sed 's/:.*//'))"
refused 1 'another version' um_add_service future
refused 1 'not a module|no symbol' um_add_service ./nothing.so
refused any 'unknown filesystem|exec format|bad' mount -t future none "$MNT"
must umount "$MNT" seen
must um_del_service mine
EOS
nothing_outside
