# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # they share variables with run
# data.sh - what the rows work on: $work/data, $work/tree, images
#
# All of it is the ordinary user's in the end, who is the one to use it.

# make_data TOP - the folder of micro and programs
make_data() {
	mkdir "$work/data"
	fill_folder "$work/data" "$1"
	make_project "$work/data/project" "$1"
	write_scripts "$work/data"
	own "$work/data"
}

# fill_folder DIR TOP - what image rows want too
fill_folder() {
	local dir=$1 top=$2 i
	mkdir "$dir/src" "$dir/dir" "$dir/new"
	for ((i = 1; i <= size_copies; i++)); do
		mkdir "$dir/src/$i"
		cp -r "$top"/{umview,modules,tests,um_cmds,man} "$dir/src/$i"
	done
	(
		cd "$dir/src" || exit 1
		git init -q
		git add .
		git -c user.name=b -c user.email=b@example.org commit -qm b
	)
	head -c 4096 /dev/zero | tr '\0' x >"$dir/file"
	ln -s file "$dir/link"
	for ((i = 0; i < 100; i++)); do
		: >"$dir/dir/name-$i"
	done
	printf '#include <%s>\n' stdio.h stdlib.h string.h math.h >"$dir/one.c"
	echo 'int f(int x) { return x + 1; }' >>"$dir/one.c"
	echo 'import json, email, http.client, unittest' >"$dir/imports.py"
}

# make_project DIR TOP - the sources of some layers and a Makefile
make_project() {
	local layer
	mkdir "$1"
	cp -r "$2/umview" "$1/umview"
	for layer in $size_layers; do
		# shellcheck disable=SC2016 # for make
		printf 'SRC += $(wildcard umview/%s/*.c)\n' "$layer"
	done >"$1/Makefile"
	cat >>"$1/Makefile" <<'MAKE'
OBJ := $(SRC:.c=.o)
all: $(OBJ)
%.o: %.c
	gcc -O1 -std=gnu17 -D_GNU_SOURCE -Iumview -Iumview/include -c -o $@ $<
clean:
	rm -f $(OBJ)
MAKE
}

write_scripts() {
	local i
	cat >"$1/loop.sh" <<'SH'
i=0
while [ $i -lt "$1" ]; do
	i=$((i + 1))
	name=$(basename "/tmp/file-$i.c" .c)
	case $name in file-*) ;; *) exit 1 ;; esac
done
SH
	cat >"$1/disk.sh" <<'SH'
mkfs.ext4 -q -F "$BENCH_DISK" && mount -t "$BENCH_TYPE" "$BENCH_DISK" "$BENCH_MNT" &&
	cp -a src "$BENCH_MNT" && umount "$BENCH_MNT"
SH
	cat >"$1/true.sh" <<'SH'
i=0
while [ $i -lt "$1" ]; do
	i=$((i + 1))
	/bin/true
done
SH
	cat >"$1/configure.sh" <<'SH'
i=0
for header in stdio stdlib string unistd fcntl errno dirent time signal \
	pthread ctype limits math locale wchar; do
	[ $i -lt "$1" ] || break
	i=$((i + 1))
	echo "#include <$header.h>" >conftest.c
	gcc -E conftest.c 2>conftest.err | grep -c "$header" >/dev/null
	test -s conftest.err && cat conftest.err
	name=$(echo "$header" | tr a-z A-Z)
	echo "#define HAVE_${name}_H 1" | sed 's/ 1$/ yes/' >>confdefs.h
done
rm -f conftest.c conftest.err confdefs.h
SH
	cat >"$1/count.pl" <<'PERL'
use File::Find;
my $lines = 0;
find(sub { if (-f) { open my $f, '<', $_ or die; $lines++ while <$f>; } },
	$ARGV[0]);
print "$lines\n";
PERL
	{
		echo 'create table t (a integer primary key, b text);'
		for ((i = 0; i < size_inserts; i += 10)); do
			printf 'insert into t (b) values '
			printf "('%s')," one two three four five six seven
			printf "('eight'),('nine'),('ten');\n"
		done
	} >"$1/insert.sql"
}

# make_tree TOP - what the images hold, as a plain folder too
make_tree() {
	local tree=$work/tree python
	mkdir -p "$tree/usr/bin" "$tree/usr/lib"
	fill_folder "$tree" "$1"
	head -c "${size_big}M" /dev/urandom >"$tree/big"
	head -c "${size_lazy}M" /dev/urandom >"$tree/lazy"
	python=$(readlink -f /usr/bin/python3)
	cp "$python" "$tree/usr/bin/python3"
	# Python finds its library from where its program lies.
	rsync -a --exclude=dist-packages --exclude=test \
		--exclude='config-*' "/usr/lib/${python##*/}" "$tree/usr/lib/"
	own "$tree"
}

# own PATH... - to the ordinary user, where root made them
own() {
	[ "$(id -u)" -ne 0 ] || chown -R "$um_user": "$@"
}

# make_image FILE - the tree as an ext4 image
make_image() {
	um_as_user "$work/home" mke2fs -q -F -t ext4 -d "$work/tree" \
		-E "root_owner=$(id -u "$um_user"):$(id -g "$um_user")" "$1" 512M \
		>"$work/mke2fs.out"
}

# make_disks - images with one partition, from 1 MiB on
make_disks() {
	local side
	for side in native view; do
		truncate -s 512M "$work/disk-$side.img"
		echo start=2048 | sfdisk -q "$work/disk-$side.img"
		mkdir "$work/mnt-disk-$side"
		own "$work/disk-$side.img" "$work/mnt-disk-$side"
	done
}

# make_small N - N images to be mounted elsewhere
make_small() {
	local i
	for ((i = 1; i <= $1; i++)); do
		mkdir "$work/elsewhere-$i"
		mke2fs -q -F -t ext4 "$work/small-$i.img" 2M >"$work/mke2fs.out"
		own "$work/elsewhere-$i" "$work/small-$i.img"
	done
}
