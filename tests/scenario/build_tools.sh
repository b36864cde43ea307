#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build_tools.sh - gcc, make -j2, tar and rsync at work on a mounted image
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck gcc make tar rsync gzip
mkimg "$IMG" 256M

must_guest <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
cd "$MNT" || exit 1

printf '#include <stdio.h>\nint main(void) { puts("hello"); return 3; }\n' >one.c
must gcc -o one one.c
same "what gcc made" hello "$(./one)"
./one >/dev/null
same "its status" 3 "$?"
must gcc -g -O2 -static -o static one.c
same "static" hello "$(./static)"
must gcc -shared -fPIC -Wl,-soname,libone.so -o libone.so one.c

# Forty objects and a library, by two jobs; then nothing is left to do.
mkdir src && cd src || exit 1
for i in $(seq 40); do
	printf 'int f%d(void);\nint f%d(void) { return %d; }\n' "$i" "$i" "$i" >f$i.c
done
{
	seq 40 | sed 's/.*/int f&(void);/'
	echo '#include <stdio.h>'
	echo 'int main(void) { printf("%d\n", 0'
	seq 40 | sed 's/.*/+ f&()/'
	echo '); return 0; }'
} >main.c
printf 'OBJ := $(patsubst %%.c,%%.o,$(filter-out main.c,$(wildcard *.c)))\nall: sum\nsum: main.o libf.a\n\t$(CC) -o $@ $^\nlibf.a: $(OBJ)\n\tar rcs $@ $^\n' >Makefile
must make -s -j2
same "make -j2" 820 "$(./sum)"
must make -q
sleep 0.01; touch f7.c
make -q && die "make does not see that f7.c is newer"
must make -s -j2
cd ..

must tar -czf src.tgz src
mkdir out && must tar -C out -xzf src.tgz
must diff -r src out/src
must tar -C out -df src.tgz
same "times kept" "$(stat -c %Y src/f1.c)" "$(stat -c %Y out/src/f1.c)"
must tar -C /usr/include -cf - --exclude='*.hpp' linux | (mkdir inc && tar -C inc -xf -)
must diff -r /usr/include/linux inc/linux

must rsync -a src/ synced/
must diff -r src synced
same "nothing more to do" "" "$(rsync -ai src/ synced/)"
echo changed >>src/f1.c; rm src/f2.c
must rsync -a --delete src/ synced/
must diff -r src synced
must rsync -aH --sparse --inplace --checksum /usr/include/linux/ synced/
cd / && must umount "$MNT"
EOS
fsck_img "$IMG"
nothing_outside
