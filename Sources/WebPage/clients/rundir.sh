#!/bin/sh
# Records training runs on a Rundir server. POSIX sh and curl.
#
#   rundir.sh exec -- python train.py             a run of a command: its output, status, source and duration
#
#   export RUNDIR_RUN=$(rundir.sh start lr=0.1)   or step by step; without RUNDIR_RUN the run that was started last
#   rundir.sh metrics step=1 loss=0.42            a row; without step and epoch it gets the next step
#   rundir.sh flags batch_size=32
#   rundir.sh properties data=mnist
#   rundir.sh evaluation acc=0.97
#   rundir.sh output 'a line'                     without a text: what comes on standard input, live
#   rundir.sh file net.pt models/net.pt           a file, and its path beside the run's metadata
#   rundir.sh source [FOLDER]                     what Git tracks there, or else files of up to 1 MiB
#   rundir.sh write TYPE [FILE|FOLDER]            metadata of another type; standard input unless a file is named
#   rundir.sh finish [--stopped]
#   rundir.sh fail 'out of memory'
#   rundir.sh resume                              go on with a run that has ended
#   rundir.sh send [--wait SECONDS]               sends what waits in the spool; status 1 if something is left
#
# start and exec take --id ID. flags, properties, evaluation and metrics take NAME=VALUE, or one JSON object.
#
# Tracking never stops a job: all of these exit 0, unless they are misused (2); exec exits as its command does. Requests
# that the server cannot take now wait in a folder, the spool, and are sent in order by the next call or by a process in
# the background. Requests that it refuses are kept in the spool's refused/. Every request is safe to send twice.
#
# RUNDIR_URL            the server, default http://127.0.0.1:7117; off: record nothing
# RUNDIR_TOKEN          the token; RUNDIR_TOKEN_FILE: a file with it, default ~/.config/rundir/token, if it exists
# RUNDIR_RUN            the run's id
# RUNDIR_JOIN           1: another process starts and ends the run
# RUNDIR_SPOOL          the spool, default ~/.local/state/rundir; where it cannot be made, rundir-UID in TMPDIR
# RUNDIR_WAIT           seconds that the end of a run may wait for the server, default 10
# RUNDIR_TIMEOUT        seconds that a reply may take, default 10
# RUNDIR_BACKGROUND     seconds that a process in the background goes on while the server is away, default 900; 0: none
set -u
# What a command that is run gets back.
old_umask=$(umask) had_locale=${LC_ALL+yes} old_locale=${LC_ALL-}
LC_ALL=C
export LC_ALL
umask 077

say() { printf 'rundir: %s\n' "$*" >&2; }
usage() { say "$1"; sed -n '4,21s/^# \{0,1\}//p' "$0" >&2; exit 2; }

# Prints the whole part of a number of seconds. Status 1: it is none.
whole() {
    case $1 in *[!0-9.]* | *.*.* | '' | . | ??????????*) return 1 ;; esac
    number=${1%%.*}
    # Without zeros in front, which would make it octal.
    number=${number#"${number%%[!0]*}"}
    printf %s "${number:-0}"
}

# setting NAME VALUE DEFAULT
setting() {
    whole "${2:-$3}" && return
    say "$1 is $2, no number of seconds; it is taken as $3"
    printf %s "$3"
}

url=${RUNDIR_URL:-http://127.0.0.1:7117}
url=${url%/}
case $url in off | *://*) ;; *) url=http://$url ;; esac
spool=${RUNDIR_SPOOL:-${XDG_STATE_HOME:-${HOME:-/tmp}/.local/state}/rundir}
place_name=$(printf %s "$url" | tr -c 'A-Za-z0-9.-' '_')
place=$spool/$place_name
wait_seconds=$(setting RUNDIR_WAIT "${RUNDIR_WAIT:-}" 10)
timeout=$(setting RUNDIR_TIMEOUT "${RUNDIR_TIMEOUT:-}" 10)
# For curl, 0 is no limit.
[ "$timeout" -gt 0 ] || timeout=1
background=$(setting RUNDIR_BACKGROUND "${RUNDIR_BACKGROUND:-}" 900)
host=$(uname -n)
host_name=$(printf %s "$host" | tr -c 'A-Za-z0-9.' '_')
who=$host_name.$$
# The owner of locks: this process; a process in the background sets its own number.
me=$$
nonce=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
count=0

# Replaces this process by a command, in the original environment.
become() {
    umask "$old_umask"
    if [ -n "$had_locale" ]; then LC_ALL=$old_locale; else unset LC_ALL; fi
    exec "$@"
}

lost() {
    say "the spool $place cannot be written; something is not recorded. RUNDIR_SPOOL may name another folder"
    return 1
}

# Where the spool cannot be made, another folder is: one of this user, which no other can read.
find_place() {
    mkdir -p "$place/tmp" 2>/dev/null && [ -w "$place/tmp" ] && return
    user=$(id -u)
    other=${TMPDIR:-/tmp}/rundir-$user
    mkdir -m 700 "$other" 2>/dev/null
    [ -n "$(find "$other" -prune -type d -user "$user" -perm 700 2>/dev/null)" ] && [ -w "$other" ] || return 0
    say "the spool $spool cannot be written; what is recorded waits in $other"
    spool=$other
    place=$spool/$place_name
    mkdir -p "$place/tmp"
    # A command that is run, and its clients, use the same.
    RUNDIR_SPOOL=$spool
    export RUNDIR_SPOOL
}

seconds() {
    now=$(date +%s.%N)
    case $now in *[!0-9.]*) now=$(date +%s) ;; esac
    printf %s "$now"
}

# --- Values

# Percent-encodes a text for a form or a path, except "/".
encoded() {
    case $1 in
        *[!A-Za-z0-9._/-]*) printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g' | sed 's/%2f/\//g' ;;
        *) printf %s "$1" ;;
    esac
}

# Prints NAME=VALUE … as a form.
form() {
    between=
    for pair in "$@"; do
        printf '%s%s=%s' "$between" "$(encoded "${pair%%=*}")" "$(encoded "${pair#*=}")"
        between='&'
    done
}

check_pairs() {
    for pair in "$@"; do
        case $pair in *=*) ;; *) usage "$pair is not NAME=VALUE" ;; esac
    done
}

# --- The spool: a folder for each run, shared with rundir.py and rundir.R

# add FOLDER METHOD PATH TYPE: moves the file $body into a folder. A request exists once its .req file does.
add() {
    mkdir -p "$1" || lost || return
    last=
    for found in "$1"/*.req; do [ -e "$found" ] && last=${found##*/}; done
    last=${last%%-*}
    last=${last#"${last%%[!0]*}"}
    count=$((count + 1))
    name=$1/$(printf '%012d' $((${last:-0} + 1)))-$who.$count
    mv "$body" "$name.body" && printf '%s\n%s\n%s\n' "$2" "$3" "$4" >"$name.tmp" && mv "$name.tmp" "$name.req" || lost
}

new_body() {
    mkdir -p "$place/tmp"
    count=$((count + 1))
    body=$place/tmp/$who.$count
}

# A lock is a folder with one file, named after its owner: PID-NONCE-HOST. Renaming that file takes the lock over from
# an owner that no longer runs; only one process can do that. Sets $own, the file.
lock() {
    count=$((count + 1))
    own=$1/$me-$nonce.$count-$host_name
    if mkdir "$1" 2>/dev/null; then
        { true >"$own"; } 2>/dev/null || return 1
    else
        take_over "$1" || return 1
    fi
    # Two processes may have found the folder empty.
    for found in "$1"/*; do
        [ "$found" = "$own" ] || { unlock "$own"; return 1; }
    done
}

take_over() {
    first=
    for found in "$1"/*; do
        [ -e "$found" ] || continue
        is_gone "$found" || return 1
        if [ -z "$first" ]; then first=$found; else rm -f "$found"; fi
    done
    if [ -z "$first" ]; then
        # Its owner was killed just before or after it made its file.
        [ -z "$(find "$1" -prune -mmin +1 2>/dev/null)" ] || rmdir "$1" 2>/dev/null
        return 1
    fi
    # Touch it first, so that it no longer counts as old.
    touch -c "$first" && mv -f "$first" "$own" 2>/dev/null
}

# Whether an owner no longer runs, or has not refreshed its lock for ten minutes.
is_gone() {
    [ -z "$(find "$1" -prune -mmin +10 2>/dev/null)" ] || return 0
    owner=${1##*/}
    case $owner in *-"$host_name") owner=${owner%%-*} ;; *) return 1 ;; esac
    case $owner in '' | *[!0-9]*) return 1 ;; esac
    ! kill -0 "$owner" 2>/dev/null
}

is_locked() {
    for found in "$1"/*; do [ -e "$found" ] && ! is_gone "$found" && return 0; done
    return 1
}

unlock() {
    rm -f "$1"
    rmdir "${1%/*}" 2>/dev/null
}

# The number of a process in the background: $$ is its parent's.
own_number() { exec sh -c 'echo $PPID'; }

is_empty() {
    for found in "$1"/*.req; do [ -e "$found" ] && return 1; done
    return 0
}

all_empty() {
    for folder in "$place"/runs/* "$place"/files/*; do is_empty "$folder" || return 1; done
    return 0
}

# --- HTTP

# request METHOD PATH [TYPE FILE]: sets $status, and leaves the reply in $place/tmp. Status 000: no reply. The token goes to
# curl by a pipe: command lines are visible to others.
request() {
    reply=$place/tmp/reply.$who
    token=${RUNDIR_TOKEN:-}
    if [ -z "$token" ]; then
        file=${RUNDIR_TOKEN_FILE:-${XDG_CONFIG_HOME:-${HOME:-}/.config}/rundir/token}
        [ -r "$file" ] && read -r token <"$file"
    fi
    limits="--max-time $timeout"
    case $1,$2 in PUT,*/files/*) limits='--speed-limit 1 --speed-time 120' ;; esac
    method=$1 target=$2 type=${3:-} file=${4:-}
    # $limits is two or four words.
    # shellcheck disable=SC2086
    set -- -s -K - -X "$method" --connect-timeout 3 $limits -o "$reply.body" -D "$reply.head" -w '%{http_code}'
    if [ -n "$file" ]; then
        set -- "$@" -T "$file" -H "Content-Type: $type" -H 'Expect:'
    elif [ "$method" != GET ]; then
        set -- "$@" -H 'Content-Length: 0'
    fi
    rm -f "$reply.body" "$reply.head"
    # In a configuration of curl, a backslash and a quote inside quotes are escaped.
    token=$(printf %s "$token" | sed 's/[\\"]/\\&/g')
    status=$({ [ -z "$token" ] || printf 'header = "Authorization: Bearer %s"\n' "$token"; } |
        curl "$@" "$url$target" 2>/dev/null) || status=000
}

header() {
    tr -d '\r' 2>/dev/null <"$reply.head" | awk -v name="$1:" 'tolower($1) == tolower(name) { value = $2 } END { print value }'
}
is_problem() { grep -qi '^content-type: *application/problem+json' "$reply.head" 2>/dev/null; }
detail() {
    said=$(sed -n 's/^ *"detail": "\(.*\)",\{0,1\}$/\1/p' "$reply.body" 2>/dev/null)
    [ -n "$said" ] || said=$(head -c 300 "$reply.body" 2>/dev/null)
    printf %s "$said"
}

# Whether the same request may succeed later, also after a change of the token or of the server's settings.
is_temporary() {
    case $status in
        000 | 401 | 408 | 421 | 425 | 429 | 503 | 507) return 0 ;;
        403) ! grep -q '/problems/\(path\|directory\)-forbidden"' "$reply.body" 2>/dev/null ;;
        5*) ! is_problem ;;
        *) return 1 ;;
    esac
}

# Whether output that was sent before, without a reply, has arrived. Before the first attempt, the length of the run's
# output is recorded with the request. Status 0: it has, 1: it has not, 2: cannot be found out now.
has_arrived() {
    if [ ! -e "$1.base" ]; then
        request GET "${2%/metadata/output}/output?after=4611686018427387904"
        case $status in
            200) header Output-Length >"$1.base" ;;
            404) echo 0 >"$1.base" ;;
            401 | 403) ;;
            *) return 2 ;;
        esac
        return 1
    fi
    for pause in 0 1; do
        # A server that was stuck may only now handle the first attempt.
        sleep $pause
        request GET "${2%/metadata/output}/output?after=$(cat "$1.base")"
        case $status in
            200) ;;
            401 | 403 | 404) return 1 ;;
            *) return 2 ;;
        esac
        awk 'BEGIN { RS = "\001" } FNR == 1 { text[++n] = $0; next } { text[n] = text[n] RS $0 }
            END { exit !(n == 2 && index(text[2], text[1])) }' "$1.body" "$reply.body" && return 0
    done
    return 1
}

away() {
    delay=0
    if [ -e "$place/away" ]; then read -r delay _ <"$place/away"; else
        case $status in 000) said='no reply' ;; *) said="$status $(detail)" ;; esac
        say "$url: $said; what is recorded waits in $place"
    fi
    delay=$((delay * 2))
    [ $delay -lt 1 ] && delay=1
    [ $delay -gt 30 ] && delay=30
    after=$(header Retry-After)
    case $after in '' | *[!0-9]*) ;; *) [ "$after" -gt $delay ] && [ "$after" -le 60 ] && delay=$after ;; esac
    echo "$delay $(($(date +%s) + delay))" >"$place/away.$who" && mv "$place/away.$who" "$place/away"
}

may_try() {
    [ -e "$place/away" ] || return 0
    read -r _ attempt <"$place/away"
    [ "$(date +%s)" -ge "${attempt:-0}" ]
}

# Keeps a request that the server refuses, and the server's reply. The same request has the same name, however often it
# is sent.
refuse() {
    folder=${2#/runs/}
    folder=$place/refused/${folder%%/*}
    mkdir -p "$folder"
    name=$(cat "$1.req" "$1.body" | cksum | tr ' ' -)
    cp "$1.body" "$folder/$name.body"
    printf '%s\n%s\n' "$status" "$(detail)" >"$folder/$name.reply"
    cp "$1.req" "$folder/$name.req"
    say "$2 was refused: $status $(detail). It is kept in $folder"
}

# Sends the requests that wait in a folder, in order. Status 1: some are left.
replay() {
    is_empty "$1" && return 0
    lock "$1/lock" || return 1
    mine=$own left=0
    while [ $left = 0 ] && ! is_empty "$1"; do
        for item in "$1"/*.req; do
            item=${item%.req}
            { read -r item_method && read -r item_path && read -r item_type; } 2>/dev/null <"$item.req" || continue
            # Without its body: it was sent, and only half removed.
            [ -e "$item.body" ] || { rm -f "$item.req"; continue; }
            touch -c "$mine"
            # After a long pause, another process may own the lock.
            [ -e "$mine" ] || { left=1; break; }
            arrived=1
            case $item_path in */metadata/output) has_arrived "$item" "$item_path"; arrived=$? ;; esac
            if [ $arrived = 1 ]; then
                if [ -n "$item_type" ]; then
                    request "$item_method" "$item_path" "$item_type" "$item.body"
                else
                    request "$item_method" "$item_path"
                fi
            elif [ $arrived = 0 ]; then
                status=200
            fi
            case $status in
                2*) rm -f "$place/away" ;;
                *)
                    if [ $arrived = 2 ] || is_temporary; then
                        away
                        left=1
                        break
                    fi
                    rm -f "$place/away"
                    refuse "$item" "$item_path"
                    ;;
            esac
            rm -f "$item.req" "$item.body" "$item.base"
        done
    done
    unlock "$mine"
    return $left
}

# Sends all waiting requests. Status 1: some are left.
replay_all() {
    incomplete=0
    for lane in "$place"/runs/* "$place"/files/*; do
        [ -d "$lane" ] || continue
        if replay "$lane"; then rmdir "$lane" 2>/dev/null; else incomplete=1; fi
        may_try || return 1
    done
    return $incomplete
}

# Continues to send in the background, unless a process does so already.
send_later() {
    [ "$background" -gt 0 ] || return 0
    is_locked "$place/sender" && return 0
    (
        trap '' HUP INT TERM
        exec </dev/null >/dev/null 2>&1
        me=$(own_number)
        lock "$place/sender" || exit 0
        sender=$own who=$who.later
        end=$(($(date +%s) + background))
        while ! all_empty && [ "$(date +%s)" -lt $end ]; do
            touch -c "$sender"
            if may_try && replay_all; then break; fi
            sleep 1
        done
        rm -f "$place/tmp/reply.$who".*
        unlock "$sender"
    ) &
}

# Sends what was added: now if the server answers, else later.
push() {
    if [ ! -e "$place/away" ] || { [ "$background" = 0 ] && may_try; }; then
        replay "$place/runs/$run" && { [ $# = 0 ] || replay "$place/files/$run"; } && return 0
    fi
    send_later
}

# Waits until all requests of the run are sent, at most $wait_seconds.
push_all() {
    end=$(($(date +%s) + wait_seconds))
    while :; do
        if replay "$place/runs/$run" && replay "$place/files/$run"; then
            rmdir "$place/runs/$run" "$place/files/$run" 2>/dev/null
            return 0
        fi
        [ "$(date +%s)" -lt $end ] || break
        sleep 1
    done
    is_empty "$place/runs/$run" && is_empty "$place/files/$run" && return 0
    send_later
    say "the run $run is not wholly sent; it waits in $place and is sent by the next call, or by \`rundir.sh send\`"
}

# --- The run

new_id() { printf '%s-%s' "$(date -u +%Y-%m-%dT%H-%M-%SZ)" "$(od -An -N2 -tx1 /dev/urandom | tr -d ' ')"; }

# Among the ranks of a job, rank 0 starts and ends the run, and the others join it. Sets $joins, and $run if the job
# gives its id.
job() {
    joins=${RUNDIR_JOIN:-0}
    run=${RUNDIR_RUN:-}
    rank=${RANK:-} size=${WORLD_SIZE:-}
    # Only the tasks of a step are ranks: a batch script without srun may start several programs.
    task_step=${SLURM_STEP_ID:-}
    case $task_step in
        '' | *[!0-9]*) task_step= ;;
        *) rank=${rank:-${SLURM_PROCID:-}} size=${size:-${SLURM_STEP_NUM_TASKS:-${SLURM_NTASKS:-}}} ;;
    esac
    rank=${rank:-0}
    case $size in '' | *[!0-9]*) size=1 ;; esac
    [ "$size" -gt 1 ] || return 0
    [ "$rank" = 0 ] || joins=1
    if [ -z "$run" ] && [ -n "${SLURM_JOB_ID:-}" ] && [ -n "$task_step" ]; then
        run=slurm-$SLURM_JOB_ID.$task_step
    elif [ -z "$run" ] && [ -n "${TORCHELASTIC_RUN_ID:-}" ] && [ "$TORCHELASTIC_RUN_ID" != none ]; then
        run=torchrun-$(printf %s "$TORCHELASTIC_RUN_ID" | tr -c 'A-Za-z0-9._-' - | cut -c 1-100)
    fi
}

# An id that is valid for the server and as a name in the spool.
clean() {
    cleaned=$(printf %s "$1" | tr -c 'A-Za-z0-9._=+@-' - | sed 's/^[^A-Za-z0-9]*//' | cut -c 1-128)
    case $cleaned in '' | active | archive) cleaned=run-$cleaned ;; esac
    [ "$cleaned" = "$1" ] || say "the run is called $cleaned, since $1 is no run id"
    run=$cleaned
}

# The run of a command other than start and exec.
known_run() {
    job
    [ -n "$run" ] || read -r run 2>/dev/null <"$place/active" || usage 'no run was started here; set RUNDIR_RUN'
    clean "$run"
    path=/runs/$(encoded "$run")
}

# start_run [NAME=VALUE …]: uses $run, or makes an id, and adds the requests that start the run.
start_run() {
    fresh=0
    if [ -n "$run" ]; then clean "$run"; else run=$(new_id) fresh=1; fi
    path=/runs/$(encoded "$run")
    [ "$joins" = 1 ] && return 0
    new_body
    printf '{}' >"$body" && add "$place/runs/$run" PUT "$path" application/json
    if [ $fresh = 0 ]; then
        resume
    else
        mkdir -p "$place/steps" && echo 0 >"$place/steps/$run"
        # The request may arrive much later.
        values POST properties "start=$(seconds)"
    fi
    values PATCH flags "$@"
    values POST properties "host=$host"
}

resume() {
    new_body
    true >"$body" && add "$place/runs/$run" POST "$path/resume" ''
}

# values METHOD TYPE NAME=VALUE … | '{…}': adds a named list.
values() {
    method=$1 type=$2
    shift 2
    [ $# -gt 0 ] || return 0
    new_body
    case $1 in
        '{'*) printf %s "$1" >"$body" || lost || return; media=application/json ;;
        *) form "$@" >"$body" || lost || return; media=application/x-www-form-urlencoded ;;
    esac
    add "$place/runs/$run" "$method" "$path/metadata/$type" $media
}

# Records a given step if it is the greatest. If the last step is not known yet, it is recorded separately.
note_step() {
    case $1 in '' | *[!0-9]*) return ;; esac
    noted=$place/steps/$run known=
    [ -e "$noted" ] || noted=$noted.given
    [ -e "$noted" ] && read -r known <"$noted"
    # Without leading zeros, which would make it octal.
    [ "$1" -gt "${known:-0}" ] 2>/dev/null && mkdir -p "$place/steps" &&
        printf '%s\n' "${1#"${1%%[!0]*}"}" >"$noted.$$" && mv "$noted.$$" "$noted"
}

# Adds to a row the time when it was made, and a step.
metrics() {
    keyed=0
    case $1 in
        '{'*'"step"'*)
            note_step "$(printf %s "$1" | tr '\n' ' ' | sed -n 's/.*"step" *: *\([0-9][0-9]*\) *[,}].*/\1/p')"
            values POST metrics "$1"
            return
            ;;
        '{'*'"epoch"'* | '{}') values POST metrics "$1"; return ;;
    esac
    for pair in "$@"; do case $pair in step=* | epoch=*) keyed=1 ;; esac; done
    if [ $keyed = 0 ]; then
        step=
        # Calls at once get different steps.
        mkdir -p "$place/steps" || lost || return
        for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
            lock "$place/steps/$run.lock" && break
            sleep 1
        done
        [ -e "$place/steps/$run" ] && read -r step <"$place/steps/$run"
        if [ -z "$step" ]; then
            mkdir -p "$place/tmp" "$place/steps"
            request GET "$path/metrics?columns=step&points=2"
            [ "$status" = 200 ] && step=$(tr -c '0-9.eE+-' '\n' <"$reply.body" |
                awk '/^[0-9]/ && $0 + 0 > most { most = $0 + 0 } END { printf "%.0f", most }')
            given=0
            [ -e "$place/steps/$run.given" ] && read -r given <"$place/steps/$run.given"
            [ "$given" -gt "${step:-0}" ] && step=$given
            rm -f "$place/steps/$run.given"
        fi
        step=$((${step:-0} + 1))
        echo $step >"$place/steps/$run"
        unlock "$own"
        case $1 in
            '{'*) values POST metrics "{\"step\": $step, ${1#'{'}"; return ;;
        esac
        set -- "step=$step" "$@"
    else
        # The next row without a step continues from here.
        for pair in "$@"; do case $pair in step=*) note_step "${pair#step=}" ;; esac; done
    fi
    values POST metrics "$@" "_time=$(seconds)"
}

# pump LOG: adds the new part of a growing file each second, until there is a file LOG.end.
pump() {
    sent=0
    while :; do
        ends=0
        if [ -e "$1.end" ]; then ends=1; fi
        size=$(($(wc -c <"$1")))
        while [ $size -gt $sent ]; do
            new=$((size - sent))
            [ $new -gt 1048576 ] && new=1048576
            new_body
            # If the spool is full, try again later.
            tail -c +$((sent + 1)) "$1" | head -c $new >"$body" || break
            add "$place/runs/$run" POST "$path/metadata/output" text/plain || break
            sent=$((sent + new))
        done
        may_try && replay "$place/runs/$run"
        # Ends if its parent was killed.
        [ $ends = 1 ] || ! kill -0 $$ 2>/dev/null && break
        [ -e "$1.end" ] || sleep 1
    done
    rm -f "$place/tmp/reply.$who".*
}

# source_of FOLDER: the files that Git tracks there; without Git, all files of up to 1 MiB that are not hidden, at most
# 2,000. Names with a line feed are left out.
source_of() {
    folder=${1:-.}
    [ -d "$folder" ] || usage "$folder is no folder"
    new_body
    (
        cd "$folder" || exit
        git ls-files -z 2>/dev/null | tr '\0' '\n' | while IFS= read -r file; do
            if [ -f "$file" ]; then printf './%s\n' "$file"; fi
        done >"$body.list"
        if ! [ -s "$body.list" ]; then
            own=$(cd "$spool" && pwd -P)
            own=.${own#"$(pwd -P)"}
            find . -name '.?*' -prune -o -path "$own" -prune -o -type d '(' -name __pycache__ -o -name node_modules ')' -prune \
                -o -type f -size -2049 -print | head -n 2000 >"$body.list"
        fi
        [ ! -s "$body.list" ] || tar -cf - -T "$body.list" 2>/dev/null | gzip
    ) >"$body" || lost
    if [ -s "$body.list" ]; then
        add "$place/runs/$run" POST "$path/metadata/source" application/gzip
    else
        rm -f "$body"
    fi
    rm -f "$body.list"
}

ended() {
    rm -f "$place/steps/$run" "$place/steps/$run.given" "$place/failed/$run"
    [ "$(cat "$place/active" 2>/dev/null)" = "$run" ] && rm -f "$place/active"
    return 0
}

# end_run true|false: true: the run is completed, false: it was stopped
end_run() {
    new_body
    printf '{"completed": %s, "end": %s}' "$1" "$(seconds)" >"$body" || lost || return
    add "$place/runs/$run" POST "$path/complete" application/json
    ended
}

fail() {
    values POST error "message=$1" ${2:+"$2"}
    ended
}

# --- exec

execute() {
    log=$place/exec/$who.log
    true >"$log" && mkfifo "$log.1" "$log.2" || { lost; become "$@"; }
    RUNDIR_RUN=$run RUNDIR_JOIN=1 RUNDIR_URL=$url
    export RUNDIR_RUN RUNDIR_JOIN RUNDIR_URL
    if [ "$joins" != 1 ]; then
        # The script is the first word that names a file.
        script=
        for word in "$@"; do
            case $word in /*) ;; *) [ -f "$word" ] && { script=${word#./}; break; } ;; esac
        done
        values POST properties "command=$*" ${script:+"script=$script"}
        source_of .
    fi
    # The reader of the output stays until the command has closed it, whatever signals the job gets.
    (trap '' INT TERM HUP QUIT; exec tee -a "$log" <"$log.1") &
    tee1=$!
    (trap '' INT TERM HUP QUIT; exec tee -a "$log" <"$log.2" >&2) &
    tee2=$!
    pumping=
    if [ "$joins" != 1 ]; then
        (trap '' INT TERM HUP QUIT; who=$who.pump me=$(own_number); pump "$log") >/dev/null &
        pumping=$!
    fi
    begun=$(date +%s)
    # A shell starts background commands with SIGINT ignored, and without input.
    restore=
    env --default-signal=INT,QUIT true 2>/dev/null && restore='env --default-signal=INT,QUIT'
    exec 3<&0
    # shellcheck disable=SC2086
    (become $restore "$@" <&3 3<&- >"$log.1" 2>"$log.2") &
    child=$!
    exec 3<&-
    stopped=
    for signal in TERM HUP USR1 USR2 QUIT INT; do
        # shellcheck disable=SC2064
        trap "pass $signal" $signal
    done
    wait $child
    result=$?
    while kill -0 $child 2>/dev/null; do
        wait $child
        result=$?
    done
    trap '' TERM HUP USR1 USR2 QUIT INT
    # A process that the command left behind may hold its output open.
    for round in 1 2 3 4 5; do
        kill -0 $tee1 2>/dev/null || kill -0 $tee2 2>/dev/null || break
        [ "$round" = 1 ] || sleep 1
    done
    # A full spool has no room even for that.
    true >"$log.end" || kill $pumping 2>/dev/null
    [ -z "$pumping" ] || wait $pumping
    if [ "$joins" = 1 ]; then
        [ $result = 0 ] || [ -n "$stopped" ] || [ -e "$place/failed/$run" ] ||
            values POST error "message=rank $rank: exit status $result" "exit_status=$result"
    else
        values POST properties "exit_status=$result" "duration=$(($(date +%s) - begun))"
        if [ $result = 0 ]; then
            end_run true
        elif [ -n "$stopped" ] && [ $result -gt 128 ]; then
            end_run false
        elif [ -e "$place/failed/$run" ]; then
            ended
        elif [ $result -gt 128 ]; then
            fail "ended by signal $((result - 128))" "exit_status=$result"
        else
            fail "exit status $result" "exit_status=$result"
        fi
    fi
    push_all
    rm -f "$log" "$log.1" "$log.2" "$log.end"
    exit $result
}

# A terminal sends its own signals to the command too.
pass() {
    case $1 in INT | TERM | HUP | QUIT) stopped=$1 ;; esac
    case $1 in INT | QUIT) [ -t 0 ] && return ;; esac
    if [ "$1" = INT ] && [ -z "$restore" ]; then set -- TERM; fi
    kill -s "$1" "$child" 2>/dev/null
}

# --- Commands

[ $# -gt 0 ] || usage 'no command'
command=$1
shift
case $command in
    start | flags | properties | metrics | evaluation | output | file | source | write) ;;
    finish | fail | resume | exec | send) ;;
    -h | --help | help) sed -n '2,34s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) usage "there is no command $command" ;;
esac

# If ranks do not agree on a run, only rank 0 records.
if [ "$command" = start ] || [ "$command" = exec ]; then
    job
    case ${1:-} in
        --id | --id=*) ;;
        *)
            if [ "$joins" = 1 ] && [ -z "$run" ]; then
                say 'the ranks of this job do not agree on a run; set RUNDIR_RUN. Only rank 0 records'
                url=off
            fi
            ;;
    esac
fi

if [ "$url" = off ]; then
    case $command in
        exec)
            while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
            shift
            become "$@"
            ;;
        start) echo off ;;
        output) [ $# -gt 0 ] || cat ;;
    esac
    exit 0
fi
if ! command -v curl >/dev/null 2>&1; then say 'curl is not installed; what is recorded waits in the spool'; fi
find_place

case $command in
    flags | properties | metrics | evaluation)
        [ $# -gt 0 ] || usage "$command needs NAME=VALUE"
        case $1 in '{'*) ;; *) check_pairs "$@" ;; esac
        ;;
    start) case ${1:-} in '{'*) ;; --id) ;; *) check_pairs "$@" ;; esac ;;
esac

trap 'rm -f "$place/tmp/reply.$who".*' EXIT

given=
case $command in
    start | exec)
        case ${1:-} in
            --id) [ $# -gt 1 ] || usage '--id needs an id'; given=$2; shift 2 ;;
            --id=*) given=${1#--id=}; shift ;;
        esac
        [ -z "$given" ] || run=$given
        ;;
    send) ;;
    *) known_run ;;
esac

case $command in
    start)
        # Left by interrupted calls.
        find "$place/tmp" -type f -mtime +1 -exec rm -f {} + 2>/dev/null
        start_run "$@"
        printf '%s\n' "$run" >"$place/active.$$" 2>/dev/null && mv "$place/active.$$" "$place/active"
        push
        printf '%s\n' "$run"
        ;;
    flags | evaluation) values PATCH "$command" "$@"; push ;;
    properties) values POST properties "$@"; push ;;
    metrics) metrics "$@"; push ;;
    output)
        if [ $# -gt 0 ]; then
            new_body
            printf '%s\n' "$*" >"$body"
            add "$place/runs/$run" POST "$path/metadata/output" text/plain
        else
            mkdir -p "$place/exec" 2>/dev/null
            log=$place/exec/$who.log
            # Not ":", whose failed redirection ends a shell (POSIX, 2.8.1).
            { true >"$log"; } 2>/dev/null || { lost; exec cat; }
            (who=$who.pump me=$(own_number); pump "$log") >/dev/null &
            pumping=$!
            tee -a "$log"
            true >"$log.end" || kill $pumping
            wait $pumping
            rm -f "$log" "$log.end"
        fi
        push
        ;;
    file)
        [ $# -gt 0 ] && [ -f "$1" ] || usage 'file needs a file'
        new_body
        cp "$1" "$body" || lost || exit 0
        add "$place/files/$run" PUT "$path/files/$(encoded "${2:-${1##*/}}")" application/octet-stream
        push files
        ;;
    source) source_of "${1:-.}"; push ;;
    write)
        [ $# -gt 0 ] || usage 'write needs a type'
        new_body
        media=application/octet-stream
        if [ -d "${2:-}" ]; then
            (cd "$2" && tar -czf - .) >"$body"
            media=application/gzip
        elif [ $# -gt 1 ]; then
            [ -f "$2" ] || usage "$2 is no file"
            cp "$2" "$body"
        else
            cat >"$body"
        fi
        case $(head -c 1 "$body") in '{' | '[') media=application/json ;; esac
        add "$place/runs/$run" POST "$path/metadata/$1" $media
        push
        ;;
    finish)
        case ${1:-} in --stopped) completed=false ;; '') completed=true ;; *) usage "finish takes no $1" ;; esac
        [ "$joins" = 1 ] || end_run $completed
        push_all
        ;;
    fail) fail "${*:-failed}"; push_all ;;
    resume) resume; push ;;
    send)
        case ${1:-} in
            --wait) [ $# = 1 ] || wait_seconds=$(whole "$2") || usage "--wait needs a number of seconds, not $2" ;;
            '') wait_seconds=0 ;;
            *) usage "send takes no $1" ;;
        esac
        mkdir -p "$place/tmp"
        rm -f "$place/away"
        end=$(($(date +%s) + wait_seconds))
        until replay_all && all_empty; do
            [ "$(date +%s)" -lt $end ] || { all_empty && exit 0; say "something is left in $place"; exit 1; }
            sleep 1
        done
        ;;
    exec)
        set_flags=
        while [ $# -gt 0 ] && [ "$1" != -- ]; do
            case $1 in *=*) ;; *) usage "$1 is not NAME=VALUE; put -- before the command" ;; esac
            # Flags are added one by one: the words after -- stay unchanged.
            set_flags=1
            flag_list="${flag_list:-}${flag_list:+&}$(form "$1")"
            shift
        done
        [ $# -gt 1 ] || usage 'exec needs -- and a command'
        shift
        mkdir -p "$place/tmp" "$place/exec" 2>/dev/null && [ -w "$place/exec" ] || { lost; become "$@"; }
        start_run
        if [ -n "$set_flags" ]; then
            new_body
            printf %s "$flag_list" >"$body"
            add "$place/runs/$run" PATCH "$path/metadata/flags" application/x-www-form-urlencoded
        fi
        execute "$@"
        ;;
esac
exit 0
