#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_hostile.sh - a daemon that answers wrongly harms its own mount alone
#
# HOSTILE_SEED and HOSTILE_ROUNDS: another run, or a longer one.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
cp "$UM_BUILD_DIR/tests/fuse/hostile" "$T_TMP" && chmod 755 "$T_TMP/hostile"
must_guest "SEED=${HOSTILE_SEED:-1}" "ROUNDS=${HOSTILE_ROUNDS:-8}" <<'EOS'
must mkdir beside
must mount -t ramfs none beside
echo still >beside/file
./hostile "$MNT" "$SEED" "$ROUNDS" >log 2>&1 || die "$?: $(tail -3 log)"
same "the mount beside" still "$(cat beside/file)"
grep -q " $MNT " /proc/self/mounts && die "it is mounted still"
same "a new one" "" "$(ls "$MNT")"
EOS
nothing_outside
