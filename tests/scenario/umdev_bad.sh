#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdev_bad.sh - devices that cannot be, tables that are wrong, full disks
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need sfdisk mke2fs mount umount python3
as_user truncate -s 16M "$IMG"
as_user truncate -s 0 "$T_TMP/empty.img"
as_user cp "$IMG" "$T_TMP/ro.img"
as_user chmod 444 "$T_TMP/ro.img"

printf -- '- no such thing\n'
must_guest <<'EOS'
refused any 'unknown filesystem' mount -t umdevnothing none dev
refused any 'unknown filesystem' mount -t umdev none dev
refused any 'no such file|not exist' mount -t umdevpart missing.img dev
refused any '' mount -t umdevpart empty.img dev
refused any '' mount -t umdevpart /etc dev
refused any '' mount -t umdevpart /dev/zero dev
refused any 'not exist' mount -t umdevpart "$IMG" nowhere/dev
for options in size= size=x size=-1 size=1X size=1 size=4096T sector=513 sector=8192 \
	foo mbrx; do
	refused any '' mount -t umdevramdisk -o "$options" none dev
done
for options in mode=9 mode= uid=x major=99999 minor=-1 nsubdev=1000 \
	minor=anyx charx; do
	refused any '' mount -t umdevnull -o "$options" none dev
done
refused any '' mount -t umdevpart -o sector=1000 "$IMG" dev
refused any '' mount -t umdevpart -o size=3 "$IMG" dev
refused any 'no such' ls dev
EOS

printf -- '- write-protected\n'
must_guest <<'EOS'
must mount -t umdevpart ro.img dev
same "says so" 1 "$(blockdev --getro dev)"
refused any 'not permitted' dd if=/dev/zero of=dev count=1
refused any 'not permitted|read-only' blkdiscard -f dev
must umount dev
must mount -r -t umdevpart "$IMG" dev
refused any 'not permitted' dd if=/dev/zero of=dev count=1
refused any '' sh -c 'echo , | sfdisk -q dev'
same "/sys" 1 "$(cat /sys/class/block/dev/ro)"
must umount dev
must mount -t umdevramdisk -o size=1M none dev
must blockdev --setro dev
refused any 'not permitted' dd if=/dev/zero of=dev count=1
must blockdev --setrw dev
must dd if=/dev/zero of=dev count=1 status=none
must umount dev
EOS
[ "$(tr -d '\0' <"$IMG" | wc -c)" -eq 0 ] || fail "the image was written"

printf -- '- mapped, and no longer\n'
as_user truncate -s 1M map.img
as_user mkfifo up end
must_guest <<'EOS'
must mount -t umdevpart map.img dev
python3 - <<'P' &
import mmap, os
fd = os.open("dev", os.O_RDWR)
m = mmap.mmap(fd, 65536)
os.close(fd)
open("up", "w").close()
open("end").close()
m[5000:5005] = b"after"
P
: <up
refused any busy umount ./dev
: >end
wait
must umount ./dev
same "written" after "$(dd if=map.img bs=1 skip=5000 count=5 status=none)"
EOS

printf -- '- one image, two mounts\n'
must_guest <<'EOS'
must mount -t umdevpart "$IMG" one
refused 32 'busy|already' mount -t umdevpart "$IMG" two
must umount one
must mount -r -t umdevpart "$IMG" one
must mount -r -t umdevpart "$IMG" two
must umount one
must umount two
EOS

printf -- '- tables that are wrong\n'
# entry FILE SECTOR INDEX TYPE START COUNT
entry() {
	python3 - "$@" <<'EOP'
import struct, sys
name, sector, index, kind, start, count = sys.argv[1:]
with open(name, "r+b") as f:
    at = int(sector) * 512
    f.seek(at + 446 + 16 * int(index))
    f.write(struct.pack("<B3sB3sII", 0, b"", int(kind, 16), b"",
                        int(start), int(count)))
    f.seek(at + 510)
    f.write(b"\x55\xaa")
EOP
}
need python3
for name in circle beyond overlap cut; do
	truncate -s 16M "$T_TMP/$name.img"
done
entry circle.img 0 0 05 2048 20000
entry circle.img 2048 0 83 64 1000
entry circle.img 2048 1 05 0 1000
entry beyond.img 0 0 83 4000000000 5
entry beyond.img 0 1 83 32000 4000000000
entry beyond.img 0 2 0f 4000000000 4000000000
entry overlap.img 0 0 83 2048 4000
entry overlap.img 0 1 83 3000 4000
printf 'label: gpt\n,4M\n,\n' | sfdisk -q cut.img
truncate -s 6M cut.img
chmod a+rw ./*.img
chmod a-w ro.img
must_guest <<'EOS'
names() { echo $(lsblk -n -l -o NAME /dev/bad); }
must mount -t umdevpart circle.img /dev/bad
same "a circle" "bad bad1 bad5" "$(names)"
must umount /dev/bad
must mount -t umdevpart beyond.img /dev/bad
same "beyond the end" "bad bad2" "$(names)"
same "cut off" 768 "$(cat /sys/class/block/bad2/size)"
refused any 'no space' dd if=/dev/zero of=/dev/bad2 bs=1M
must umount /dev/bad
must mount -t umdevpart overlap.img /dev/bad
same "overlap" "bad bad1 bad2" "$(names)"
refused any busy addpart /dev/bad 3 2500 100
must umount /dev/bad
must mount -t umdevpart cut.img /dev/bad
# as the kernel: its header speaks of sectors that are not there
same "truncated" "bad" "$(names)"
must umount /dev/bad
# no table at all, and then one
must mount -t umdevpart "$IMG" /dev/bad
same "none" "bad" "$(names)"
must sh -c 'printf ",1M\n,\n" | sfdisk -q /dev/bad'
same "two" "bad bad1 bad2" "$(names)"
must delpart /dev/bad 1
same "one" "bad bad2" "$(names)"
refused any 'no such' delpart /dev/bad 1
must partx -u /dev/bad
same "two again" "bad bad1 bad2" "$(names)"
exec 3</dev/bad2
refused any busy delpart /dev/bad 2
refused any busy blockdev --rereadpt /dev/bad
exec 3<&-
must blockdev --rereadpt /dev/bad
must umount /dev/bad
EOS

printf -- '- partitions keep to themselves\n'
printf 'start=2048, size=2048\nstart=4096, size=2048\n' | as_user sfdisk -q "$IMG"
must_guest <<'EOS'
must mount -t umdevpart "$IMG" /dev/hda
head -c 2M /dev/urandom >random
refused any 'no space' dd if=random of=/dev/hda1 bs=3000 status=none
same "full" "$(head -c 1M random | sha256sum)" "$(sha256sum </dev/hda1)"
same "the next one" 0 "$(tr -d '\0' </dev/hda2 | wc -c)"
must umount /dev/hda
EOS

printf -- '- the host is full\n'
if [ "$(id -u)" -eq 0 ] && mkdir small &&
	mount -t tmpfs -o size=1M,mode=777 none small 2>/dev/null; then
	truncate -s 8M small/img
	chmod 666 small/img
	guest <<'EOS'
must mount -t umdevpart small/img /dev/hda
refused any 'no space' dd if=/dev/urandom of=/dev/hda bs=64k conv=fsync
must umount /dev/hda
EOS
	status=$?
	umount small
	[ "$status" -eq 0 ] || fail "in the view: exit status $status"
else
	printf 'note: left out: only root mounts a small file system\n'
fi
nothing_outside
