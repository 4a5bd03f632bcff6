# Shared by the trials in this folder: Debian trees made by debootstrap, with or without Swift. Sourced, not run.
#
# A trial runs in its own mount and process namespaces (unshare(1)): when it ends, in any way, its mounts are gone and all
# its processes are killed. It writes only to one folder below $TMPDIR (/tmp), which is removed at the end.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
release=bookworm

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

# A currently free port.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until a server responds, for at most so many seconds.
wait_for_server() {
    local url=$1 seconds=$2 deadline
    deadline=$((SECONDS + seconds))
    until curl -fsS -o /dev/null "$url/health" 2>/dev/null; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

# Waits until a process has ended, for at most so many seconds; then kills it and fails.
wait_for_end() {
    local process=$1 seconds=$2 deadline
    deadline=$((SECONDS + seconds))
    while kill -0 "$process" 2>/dev/null; do
        if ((SECONDS >= deadline)); then
            kill -KILL "$process"
            return 1
        fi
        sleep 0.1
    done
    wait "$process"
}

# Sends a run like README's five lines.
send_run() {
    local url=$1 run=$2
    curl -fsS -o /dev/null -X PUT "$url/runs/$run"
    curl -fsS -o /dev/null -d lr=0.1 -d batch_size=32 "$url/runs/$run/metadata/flags"
    curl -fsS -o /dev/null -d '{"epoch": 1, "loss": 0.42, "val_loss": 0.47}' "$url/runs/$run/metadata/metrics"
    curl -fsS -o /dev/null -d loss=0.0871 -d acc=0.9712 "$url/runs/$run/metadata/evaluation"
    curl -fsS -o /dev/null -X POST "$url/runs/$run/complete"
}

# Whether a server has the run that `send_run` sent.
has_run() {
    local url=$1 run=$2
    curl -fsS "$url/runs/$run" | grep -q '"completed"' \
        && curl -fsS "$url/runs/$run/metadata/flags" | grep -q '"batch_size": 32' \
        && curl -fsS "$url/runs/$run/metadata/metrics" | grep -q '0.42' \
        && curl -fsS "$url/runs/$run/metadata/evaluation" | grep -q '0.9712'
}

# Whether a listing has that run for a condition that it meets, and not for another one.
lists_run() {
    local url=$1 run=$2
    curl -fsSG "$url/runs" --data-urlencode 'where=eval_acc > 0.9 & flag_lr == 0.1 & status == "completed"' -d format=csv \
        | grep -q "^$run," \
        && ! curl -fsSG "$url/runs" --data-urlencode 'where=eval_acc > 0.99' -d format=csv | grep -q "^$run,"
}

# Whether a server stores source sent as tar.gz, then as zip: its address, a run, the server's runs directory.
keeps_source() {
    local sent=$repository/docker/compose.yaml kept=$3/$2/tfruns.d/source.tar.gz
    tar czC "$repository/docker" compose.yaml \
        | curl -fsS -o /dev/null -H 'Content-Type: application/gzip' --data-binary @- "$1/runs/$2/metadata/source" \
        && tar xzOf "$kept" source/compose.yaml | cmp -s - "$sent" && rm "$kept" \
        && (cd "$repository/docker" && python3 -m zipfile -c "$trial_folder/source.zip" compose.yaml) \
        && curl -fsS -o /dev/null -H 'Content-Type: application/zip' --data-binary @- "$1/runs/$2/metadata/source" \
            <"$trial_folder/source.zip" && tar xzOf "$kept" source/compose.yaml | cmp -s - "$sent"
}

# Whether `rundir check`, called by the given command, reports nothing. Not while writes are in the journal.
is_sound() { "$@" | grep -q ' 0 findings'; }

# Puts custom writers into a folder: one for each language of writers, one that reports whether it could write to the run
# itself, which belongs to its user, and one that hangs.
add_writers() {
    local folder=$1
    printf '#!/bin/sh\nmkdir "$1/notes" && cat >"$1/notes/note.txt"\n' >"$folder/notes"
    printf '#!/bin/sh\nmkdir "$1/packed" && tar xzf - -C "$1/packed"\n' >"$folder/packed"
    printf '#!/usr/bin/env python3\nimport pathlib, sys\n%s\n%s\n%s\n' 'folder = pathlib.Path(sys.argv[1]) / "sizes"' \
        'folder.mkdir()' '(folder / "size").write_text(str(len(sys.stdin.read())))' >"$folder/sizes"
    cat >"$folder/fence" <<-'WRITER'
		#!/bin/sh
		mkdir "$1/fence" || exit
		if (: >"$RUNDIR_CURRENT/outside") 2>/dev/null; then echo open; else echo closed; fi >"$1/fence/state"
	WRITER
    printf '#!/bin/sh\nsleep 31536 & sleep 31536\n' >"$folder/slow"
    echo '{"time_limit": 1}' >"$folder/slow.json"
    chmod 755 "$folder"/{notes,packed,sizes,fence,slow}
}

# Waits until a server has registered them.
wait_for_writers() {
    local deadline=$((SECONDS + 20))
    until curl -fsS "$1/types" | grep -q '"slow"'; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

# Sends something to each: a server's address, a run, the server's runs directory.
try_writer_in_sh() {
    curl -fsS -o /dev/null -d 'a note' "$1/runs/$2/metadata/notes" && grep -q 'a note' "$3/$2/tfruns.d/notes/note.txt"
}
try_writer_in_python() {
    curl -fsS -o /dev/null -d 12345 "$1/runs/$2/metadata/sizes" && [[ $(cat "$3/$2/tfruns.d/sizes/size") == 5 ]]
}
try_writer_with_tar() {
    tar czC "$repository/docker" compose.yaml | curl -fsS -o /dev/null --data-binary @- "$1/runs/$2/metadata/packed" \
        && cmp -s "$repository/docker/compose.yaml" "$3/$2/tfruns.d/packed/compose.yaml"
}
try_contained_writer() {
    curl -fsS -o /dev/null -d x "$1/runs/$2/metadata/fence" && [[ $(cat "$3/$2/tfruns.d/fence/state") == closed ]] \
        && [[ ! -e $3/$2/tfruns.d/outside ]]
}
try_slow_writer() {
    [[ $(curl -sS -o /dev/null -w '%{http_code}' -d x "$1/runs/$2/metadata/slow") == 504 ]] && ! pgrep -f 'sleep 31536' >/dev/null
}
