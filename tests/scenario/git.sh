#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# git.sh - a repository that lives on a mounted image
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck git
mkimg "$IMG" 128M

must_guest HOME="$T_TMP" GIT_CONFIG_NOSYSTEM=1 <<'EOS'
must git config --global user.email guest@example.org
must git config --global user.name guest
must mount -t umfuseext2 "$IMG" "$MNT"
cd "$MNT" || exit 1
must git init -q -b main repo
cd repo || exit 1
for i in $(seq 200); do
	mkdir -p "d$((i % 7))" && seq "$i" >"d$((i % 7))/f$i"
done
cp /etc/services . && ln -s services link && chmod +x d1/f1
must git add .
must git commit -q -m first
same "clean" "" "$(git status --porcelain)"
echo more >>services; rm d2/f2; echo new >new
same "changes" " D d2/f2
 M services
?? new" "$(git status --porcelain)"
must git add -A
must git commit -q -m second
must git checkout -q -b side HEAD~1
must test -e d2/f2
echo side >side && must git add side && must git commit -q -m side
must git checkout -q main
must git merge -q -m merge side
must git gc -q
must git fsck --full --strict
cd ..
must git clone -q repo clone
must git clone -q --no-local repo copy
same "heads" "$(git -C repo rev-parse HEAD)" "$(git -C copy rev-parse HEAD)"
must diff -r -x .git repo clone
must git -C copy fsck --full
same "status of the clone" "" "$(git -C clone status --porcelain)"
must git -C clone grep -q ssh
must git -C clone stash list
must git -C repo worktree add -q ../tree side
cd / && must umount "$MNT"
EOS
fsck_img "$IMG"
must_guest HOME="$T_TMP" <<'EOS'
must mount -t umfuseext2 -o ro "$IMG" "$MNT"
must git -C "$MNT/repo" fsck --full
same "log" 4 "$(git -C "$MNT/repo" log --oneline | wc -l)"
must umount "$MNT"
EOS
nothing_outside
