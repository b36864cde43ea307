#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# damaged.sh - images and archives with wrong bytes: whatever they hold, the
# session lives and every call comes back
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mksquashfs xorriso python3 tar zip
[ -e "$(dirname "$UMVIEW")/../modules/umfusearchive.so" ] ||
	skip "no module umfusearchive here"

as_user bash -eu <<'EOS'
mkdir -p tree/a/b/c tree/many
seq 1 3000 >tree/text
ln tree/text tree/hard
ln -s ../text tree/a/link
for i in $(seq 1 150); do echo "$i" >"tree/many/a-longer-name-$i"; done
mksquashfs tree plain.sqfs -noI -noD -noF -noX -noappend -quiet \
	-no-progress >/dev/null
mksquashfs tree gzip.sqfs -noappend -quiet -no-progress >/dev/null
xorriso -as mkisofs -quiet -R -J -o rock.iso tree >/dev/null 2>&1
tar -C tree -cf plain.tar .
tar -C tree -cJf xz.txz .
(cd tree && zip -qry ../plain.zip .)
EOS
user_write "$T_TMP/spoil.py" <<'EOF'
# spoil.py FILE N FROM: FILE.N, with some bytes behind FROM changed
import random, sys
name, n, start = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
data = bytearray(open(name, "rb").read())
random.seed(n)
for _ in range(random.choice([1, 3, 20, 100])):
    at = random.randrange(start, len(data))
    data[at] = random.choice([0, 255, random.randrange(256)])
if n % 7 == 0:
    data = data[:random.randrange(len(data))]
open("%s.%d" % (name, n), "wb").write(data)
EOF

must_guest <<'EOS'
try() {
	local type=$1 file=$2 from=$3 i
	for i in $(seq 1 "${ROUNDS:-25}"); do
		python3 spoil.py "$file" "$i" "$from" || die spoil
		if mount -t "$type" -o ro "$file.$i" "$MNT" 2>/dev/null; then
			find "$MNT" -type f -exec cat {} + >/dev/null 2>&1
			find "$MNT" -printf '%l %s %m' >/dev/null 2>&1
			must umount "$MNT"
		fi
		rm -f "$file.$i"
	done
}
try umfusesquash plain.sqfs 0
try umfusesquash gzip.sqfs 0
try umfuseiso9660 rock.iso 32768
try umfusearchive plain.tar 0
try umfusearchive xz.txz 0
try umfusearchive plain.zip 0
must mount -t umfusearchive -o ro plain.tar "$MNT"
must cmp tree/text "$MNT/text"
must umount "$MNT"
EOS
