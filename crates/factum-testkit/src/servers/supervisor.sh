# Runs one server on behalf of a test process, and outlives it just long enough to clean up.
#
# Arguments: the folder to remove at the end, the signal that ends the server at once, then the
# server's command. Orders come as lines on standard input, answers go to standard output:
#
#   start <fifo>   starts the server, with its output into the fifo; answers `started <pid>`
#   reap           takes note that the server has ended; answers `ended <status>`
#
# The end of standard input is the end of the test process, however it came about: the kernel
# closes the pipe even of a process that was killed. No order blocks, so the end is always heard.
folder=$1
signal=$2
shift 2
exec 2>&1
trap '' PIPE
server=

while read -r order rest; do
    case $order in
    start)
        exec "$@" </dev/null >"$rest" 2>&1 &
        server=$!
        echo "started $server"
        ;;
    reap)
        wait "$server"
        echo "ended $?"
        server=
        ;;
    esac
done

exec >/dev/null 2>&1
if [ -n "$server" ]; then
    kill -"$signal" "$server"
    tries=0
    while kill -0 "$server" && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -KILL "$server"
    wait "$server"
fi

# A killed PostgreSQL leaves a shared memory segment behind, which its next start would take over.
# There will be none: the lock file names the segment.
if [ -f "$folder/data/postmaster.pid" ]; then
    # shellcheck disable=SC2046 # two words: key and id
    set -- $(sed -n 7p "$folder/data/postmaster.pid")
    ipcrm -m "$2"
fi

# Processes of the server may still be writing their last.
tries=0
until rm -rf "$folder" || [ "$tries" -ge 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
