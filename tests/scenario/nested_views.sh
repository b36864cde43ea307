#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nested_views.sh - umview inside umview: equal at first, then apart, both ways
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
as_user mkdir -p "$T_TMP"/{tree,a,b,c}
printf 'hello\n' | user_write "$T_TMP/tree/hello"
pack_image "$T_TMP/1.img" 8M "$T_TMP/tree"
as_user cp "$T_TMP/1.img" "$T_TMP/2.img"
as_user cp "$T_TMP/1.img" "$T_TMP/3.img"
as_user mkfifo "$T_TMP/to-child" "$T_TMP/to-parent"

cat >"$T_TMP/child.sh" <<'EOS'
. ./words.sh
same "inherited mount" hello "$(cat a/hello)"
same "inherited services" "$1" "$(um_ls_service)"
[ "$(vuname -U)" = "$2" ] || die "another monitor serves the child"
[ "$(vuname -V)" != "$3" ] || die "the child has the view of the parent"
same "a new view has no name" "" "$(viewname)"
must viewname child
must mount -t umfuseext2 2.img b
must umount a
[ ! -e a/hello ] || die "a stays mounted in the child"
must um_fsalias childfs umfuseext2
echo split >to-parent
read -r _ <to-child
[ ! -e c/hello ] || die "a later mount of the parent is seen in the child"
same "own mount" hello "$(cat b/hello)"
echo written >b/new
must umount b
exit 7
EOS
chmod 644 "$T_TMP/child.sh"
cp "$here/guest.sh" "$T_TMP/words.sh"

must_guest <<'EOS'
must mount -t umfuseext2 1.img a
must viewname parent
umview -q bash child.sh "$(um_ls_service)" "$(vuname -U)" "$(vuname -V)" &
child=$!
read -r _ <to-parent || die "no word from the child"
same "umount in the child" hello "$(cat a/hello)"
[ ! -e b/hello ] || die "a mount of the child is seen in the parent"
same "own name" parent "$(viewname)"
! um_fsalias 2>/dev/null | grep -q childfs || die "the child's alias leaks"
must mount -t umfuseext2 3.img c
echo go >to-child
wait "$child"
same "exit status of the nested umview" 7 "$?"
same "after the child's end" hello "$(cat a/hello)"
same "c" hello "$(cat c/hello)"
must umount a c

# Many levels: no limit is met.
cat >level.sh <<'LEVEL'
[ "$1" -eq 0 ] && exec vuname -V
exec umview -q bash level.sh $(($1 - 1))
LEVEL
must bash level.sh 12
EOS
for image in 1 2 3; do
	fsck_img "$T_TMP/$image.img"
done
nothing_outside
