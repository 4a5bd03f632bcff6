# What the trials in this folder ask of a server: that it starts and ends, stores runs and source, runs custom writers.
# Sourced by trial.bash, which sets $repository and $trial_folder.

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
