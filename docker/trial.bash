# Shared by the trials in this folder: Debian trees made by debootstrap, with or without Swift. Sourced, not run.
# What is asked of a server is in trial-server.bash.
#
# A trial runs in its own mount and process namespaces (unshare(1)): when it ends, in any way, its mounts are gone and all
# its processes are killed. It writes only to one folder below $TMPDIR (/tmp), which is removed at the end.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
release=bookworm
source "$repository/docker/trial-server.bash"

# Continues in namespaces of its own. To be called first, as: own_namespaces "$0" "$@"
own_namespaces() {
    if [[ $(id -u) != 0 ]]; then
        echo "$(basename "$1"): run it as root: it mounts, changes root and installs packages" >&2
        exit 1
    fi
    if [[ -z ${RUNDIR_TRIAL:-} ]]; then
        RUNDIR_TRIAL=$(mktemp -d "${TMPDIR:-/tmp}/rundir-trial.XXXXXX")
        export RUNDIR_TRIAL
        trap 'rm -rf --one-file-system "$RUNDIR_TRIAL"' EXIT
        trap 'exit 130' INT TERM
        unshare --mount --propagation private --pid --fork --kill-child --mount-proc bash "$@"
        exit
    fi
    # Devices too: containers and systemd change the permissions of those that they get.
    mkdir "$RUNDIR_TRIAL/dev"
    make_devices "$RUNDIR_TRIAL/dev"
    mount --move "$RUNDIR_TRIAL/dev" /dev
    exec </dev/null
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    trial_folder=$RUNDIR_TRIAL
    # No server settings from outside.
    unset "${!RUNDIR_@}"
}

# Mounts private device nodes on a folder.
make_devices() {
    local node
    mount -t tmpfs -o mode=755 tmpfs "$1"
    for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$1/${node%:*}" c 1 "${node#*:}"; done
    mknod -m 666 "$1/tty" c 5 0
    mkdir "$1/pts" "$1/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/pts"
    mount -t tmpfs tmpfs "$1/shm"
    ln -s pts/ptmx "$1/ptmx"
    ln -s /proc/self/fd "$1/fd"
    for node in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/${node#*:}" "$1/${node%:*}"; done
}

# Makes loop device nodes in the trial's /dev, for tests that mount file systems.
make_loop_devices() {
    local number
    mknod -m 660 /dev/loop-control c 10 237
    for ((number = 0; number < 64; number++)); do mknod -m 660 "/dev/loop$number" b 7 "$number"; done
}

# Prints the packages of docker/packages.txt for the purposes named.
packages_for() {
    sed -nE "s/^($(IFS='|' && echo "$*")) //p" "$repository/docker/packages.txt"
}

# Installs the packages for a purpose on this machine.
install_packages() {
    apt-get update -q >/dev/null
    # One word a package.
    # shellcheck disable=SC2046
    apt-get install -qy --no-install-recommends $(packages_for "$@") >/dev/null
}

say() { echo "==> $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

# Prints a claim if a command confirms it; otherwise ends the trial.
holds() {
    local claim=$1
    shift
    if "$@"; then echo "ok: $claim"; else fail "$claim"; fi
}

# This machine's sources of Debian, as lines for apt, so that the same mirror is used.
debian_sources() {
    apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' \
        | awk -v release="$release" '$1 == "Debian" && index($2, release) == 1 { print "deb", $3, $2, $4 }' | sort -u
}

# Makes a minimal Debian 12 in a folder.
make_tree() {
    local tree=$1 mirror
    mirror=$(debian_sources | awk -v release="$release" '$3 == release { print $2; exit }')
    [[ -n $mirror ]] || fail "this machine's apt has no source for Debian $release; run apt-get update"
    debootstrap --variant=minbase "$release" "$tree" "$mirror" >"$tree.log" 2>&1 \
        || { tail -20 "$tree.log" >&2; fail "debootstrap"; }
    debian_sources >"$tree/etc/apt/sources.list"
    cp /etc/resolv.conf "$tree/etc/resolv.conf"
    # As in every image, installing a package does not start its service.
    printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
    chmod 755 "$tree/usr/sbin/policy-rc.d"
    rm -f "$tree"/var/cache/apt/archives/*.deb
}

# Removes from a tree what Debian's slim images leave out.
slim_down() {
    local tree=$1
    rm -rf "$tree"/usr/share/{doc,man,info,locale,lintian,linda,groff}/* "$tree"/var/lib/apt/lists/* \
        "$tree"/var/cache/apt/*.bin "$tree"/var/log/{bootstrap.log,apt,dpkg.log}
    cat >"$tree/etc/dpkg/dpkg.cfg.d/docker" <<-'EXCLUDES'
		path-exclude /usr/share/doc/*
		path-exclude /usr/share/man/*
		path-exclude /usr/share/info/*
		path-exclude /usr/share/locale/*
	EXCLUDES
}

# Copies this machine's Swift into a tree, at the same path; and, if git takes packages from a local folder
# (url.<base>.insteadOf), that folder and git's setting.
add_swift() {
    local tree=$1 toolchain base key name
    toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
    mkdir -p "$tree$toolchain"
    cp -a "$toolchain/." "$tree$toolchain/"
    if [[ $toolchain != /usr ]]; then
        # PATH as in swift.org's instructions, for every shell and for none.
        for name in swift swiftc swift-build swift-run swift-test swift-package clang; do
            ln -sf "$toolchain/bin/$name" "$tree/usr/local/bin/$name"
        done
    fi
    while read -r key name; do
        base=${key#url.}
        base=${base%.insteadof}
        [[ $base == /* && -d $base ]] || continue
        if [[ ! -d $tree$base ]]; then
            mkdir -p "$tree$base"
            cp -a "$base/." "$tree$base/"
        fi
        git config --file "$tree/etc/gitconfig" --add "url.$base.insteadOf" "$name"
    done < <(git config --get-regexp '^url\..*\.insteadof$')
}

# Mounts what programs expect. The mounts end with the namespace.
mount_tree() {
    local tree=$1
    mount --bind "$tree" "$tree"
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount --rbind /sys "$tree/sys"
}

# Runs a command in a tree, with a login's environment and nothing of this machine's.
in_tree() {
    local tree=$1
    shift
    env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${tree_environment[@]}" \
        chroot "$tree" "$@"
}
tree_environment=()
