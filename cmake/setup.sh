# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# setup.sh - what `run` and `test` share: packages, the ordinary user, builds

um_say() {
	printf '%s\n' "$*" >&2
}

um_die() {
	um_say "${0##*/}: $*"
	exit 1
}

# um_install PACKAGE... - install with apt those that are missing
um_install() {
	local package missing=() as_root=()
	for package; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null)" = installed ] || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		um_die "no apt-get here; please install: ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || um_die \
			"as root: apt-get install ${missing[*]}"
		as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
	fi
	um_say "installing: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	"${as_root[@]}" apt-get -qq update >&2 || true
	"${as_root[@]}" apt-get -qq -y install --no-install-recommends \
		"${missing[@]}" >&2 || um_die "apt-get failed"
}

# um_packages_build - what configure and build need (Debian 12)
# shellcheck disable=SC2034 # for those who source this
um_packages_build=(build-essential cmake ninja-build pkg-config libfuse3-dev
	libext2fs-dev comerr-dev libarchive-dev libsquashfuse-dev liblzma-dev
	liblzo2-dev liblz4-dev libzstd-dev zlib1g-dev
	libvdeplug-dev libslirp-dev libsodium-dev libtelnet-dev
	libmicrohttpd-dev libcrypt-dev libnbd-dev qemu-utils libcmocka-dev e2fsprogs
	util-linux mount)

# um_user - sets $um_user: the ordinary user that a view is shown to
um_set_user() {
	um_user=$(id -un)
	[ "$(id -u)" -eq 0 ] || return 0
	um_user=umtest
	id "$um_user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$um_user" ||
		um_die "cannot make the ordinary user $um_user"
}

# um_set_prefix HOME - sets um_prefix: what makes a command the ordinary user's
um_set_prefix() {
	um_prefix=(env HOME="$1")
	[ "$(id -u)" -eq 0 ] || return 0
	um_prefix=(setpriv --reuid="$um_user" --regid="$um_user" --clear-groups
		--inh-caps=-all env HOME="$1" USER="$um_user"
		LOGNAME="$um_user")
}

# um_as_user HOME CMD... - CMD as the ordinary user, with that HOME
um_as_user() {
	local um_prefix
	um_set_prefix "$1"
	shift
	"${um_prefix[@]}" "$@"
}

# um_reachable DIR - can the ordinary user get at what lies there?
um_reachable() {
	um_as_user / test -x "$1" -a -r "$1"
}

# um_build PRESET DIR - configure and build
um_build() {
	local generator=(-G Ninja)
	# A folder that is configured already keeps its generator.
	[ ! -e "$2/CMakeCache.txt" ] || generator=()
	cmake --preset "$1" "${generator[@]}" -B "$2" >"$2.log" 2>&1 &&
		cmake --build "$2" >>"$2.log" 2>&1 && return
	cat "$2.log" >&2
	um_die "the build of preset $1 failed"
}
