# A job that does what it is told on standard input, with rundir.sh; see test_failures.py. $1 is the client, and the rest is the
# shell that runs it.
client=$1
shift
while read -r command rest; do
    case $command in
        start) RUNDIR_RUN=$rest; export RUNDIR_RUN; "$@" "$client" start --id "$rest" lr=0.1 >/dev/null ;;
        row) "$@" "$client" metrics "step=$rest" "loss=$((rest / 10)).$((rest % 10))" ;;
        bad) "$@" "$client" metrics step=0 'loss=not a number' ;;
        text) "$@" "$client" output "$rest" ;;
        finish) "$@" "$client" finish ;;
        exit) exit "$rest" ;;
    esac
    echo done
done
