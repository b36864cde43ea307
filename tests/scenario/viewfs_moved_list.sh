# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# viewfs_moved_list.sh - directories are moved that somebody stands in, or has
# open; what is printed is the same on the kernel's overlayfs (redirect_dir=on)
#	viewfs_moved_list.sh MOUNT-POINT
export LC_ALL=C
cd "$1" || exit 1
top=$PWD
where() {
	printf 'in %s: ' "$(/bin/pwd | sed "s,^$top,,")"
	find . -maxdepth 1 -mindepth 1 -printf '%f ' | tr ' ' '\n' | sort | xargs
}
# by PROGRAM - python with directory 5 open
by() {
	python3 -c '
import os
top = os.environ["TOP"]
def there(name):
    fd = os.open(name, os.O_RDONLY, dir_fd=5)
    return os.read(fd, 99).decode().strip()
'"$1"
}
export TOP=$top

printf -- '- moved beside it\n'
cd d || exit 1
exec 5<sub
mv ../d ../moved
where
cat f sub/g
echo new >n
echo more >>f
cat ../moved/f
ls ../moved ..
rm k
where
by 'print(there("g")); os.close(os.open("made", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=5))'
by 'print(os.readlink("/proc/self/fd/5").replace(top, "", 1))'
by 'os.fchdir(5); print(os.getcwd().replace(top, "", 1), sorted(os.listdir()))'
ls ../moved/sub
cd sub && where
cd .. && where

printf -- '- another one in its old place\n'
mkdir ../d
echo other >../d/f
cat f ../d/f

printf -- '- moved once more, with all above it\n'
mkdir ../in
mv ../moved ../in/deep
where
mv ../../in ../../out
where
cat f ../../d/f
mv sub ../../sub
by 'print(there("g")); print(os.readlink("/proc/self/fd/5").replace(top, "", 1))'
exec 5<&-

printf -- '- removed\n'
cd "$top/e" || exit 1
mv ../e ../gone
where
rm f
rmdir ../gone
cat f
mkdir "$top/gone"
touch x && echo made
printf -- '- who came later\n'
cd "$top/out/deep" && where
cd "$top/sub" && where
