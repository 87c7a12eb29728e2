#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The whole daemon under attack, in a cgroup of its own: bad files, streams, limits, packets, clients and signals.
# Each is refused with a clear error or absorbed, and the daemon still kills whom it should.
#   daemon_attack.sh DIRECTORY-OF-THE-PROGRAMS
set -u
programs=$1
failures=0

if [ "$(id -u)" -ne 0 ]; then
    echo "skipped: a cgroup of its own needs root"
    exit 77
fi

tops=()
[ -d /sys/fs/cgroup/memory ] && tops=(/sys/fs/cgroup/memory /sys/fs/cgroup/unified)
grep -qsw memory /sys/fs/cgroup/cgroup.subtree_control && tops=(/sys/fs/cgroup)
if [ "${#tops[@]}" -eq 0 ]; then
    echo "skipped: no memory controller"
    exit 77
fi

directory=$(mktemp -d /tmp/memmgr-attack-XXXXXX)
name=${directory##*/}
log=$directory/log

# In a session of its own, as it must come to pass when the test is killed, too.
cat >"$directory/janitor" <<'JANITOR'
tail --pid="$1" -f /dev/null
for lock in "$2"/run*/lock; do [ -s "$lock" ] && kill -KILL "$(cat "$lock")"; done
for _ in $(seq 100); do
    left=
    for top in "${@:3}"; do
        for group in "$top/${2##*/}/app" "$top/${2##*/}"; do
            [ -d "$group" ] || continue
            while read -r pid; do kill -KILL "$pid"; done <"$group/cgroup.procs"
            rmdir "$group" || left=$group
        done
    done
    [ -z "$left" ] && break
    sleep 0.05
done
mountpoint -q "$2/run-full" && umount "$2/run-full"
rm -rf "$2"
JANITOR
setsid bash "$directory/janitor" $$ "$directory" "${tops[@]}" >/dev/null 2>&1 &

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

make_domain() {
    local top
    for top in "${tops[@]}"; do
        [ -d "$top" ] && mkdir -p "$top/$name/app"
    done
    if [ -f "${tops[0]}/$name/memory.limit_in_bytes" ]; then
        echo 200M >"${tops[0]}/$name/memory.limit_in_bytes"
    else
        rmdir "${tops[0]}/$name/app"
        echo +memory >"${tops[0]}/$name/cgroup.subtree_control"
        mkdir "${tops[0]}/$name/app"
        echo 200M >"${tops[0]}/$name/memory.max"
    fi
}

# Who wrote to a victim ends a little after it.
remove_domain() {
    local top
    for top in "${tops[@]}"; do
        [ -d "$top/$name" ] || continue
        for _ in $(seq 200); do
            rmdir "$top/$name/app" 2>/dev/null
            rmdir "$top/$name" 2>/dev/null && break
            sleep 0.02
        done
        [ -d "$top/$name" ] && fail "the domain cannot be removed"
    done
}

write_config() {
    cat >"$directory/config.xml" <<CONFIG
<Memmgr>
    <killConfig><killLevel><memoryMB>50</memoryMB><minPriority>300</minPriority></killLevel></killConfig>
    <availBufferConfig>
        <minAvailBuffer>70</minAvailBuffer><availBuffer>75</availBuffer><highAvailBuffer>80</highAvailBuffer>
        <swapReserve>0</swapReserve>
    </availBufferConfig>
    <killPolicy><marginMB>5</marginMB><exitTimeoutMs>5000</exitTimeoutMs></killPolicy>
    <domain><groupPath>/$name</groupPath></domain>
    <ramProfile maxRamMB="200" name="small"><killPolicy><setAsideMs>1234</setAsideMs></killPolicy></ramProfile>
</Memmgr>
CONFIG
}

control() {
    "$programs/memmgrctl" --socket "$directory/socket" "$@"
}

arguments=(--config "$directory/config.xml" --socket "$directory/socket" --runtime-directory "$directory/run")

# Until the daemon in $daemon answers; false when it ends.
await() {
    for _ in $(seq 200); do
        control status >/dev/null 2>&1 && return 0
        kill -0 "$daemon" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

start() {
    "$programs/memmgrd" "${arguments[@]}" >"$log" 2>&1 &
    daemon=$!
    await || fail "not started: $(cat "$log")"
}

# It ends by itself after TERM; a sanitizer's report counts, too.
stop() {
    kill -TERM "$daemon" || fail "$1: it had ended"
    wait "$daemon"
    case $? in
    0 | 1) ;; # 1: the end was cut short on a slow machine
    *) fail "$1: exit $?" ;;
    esac
    grep -q 'Sanitizer\|runtime error' "$log" && fail "$1: $(cat "$log")"
}

# expect_refusal CODE TEXT ARGUMENTS...: it does not start, and says why.
expect_refusal() {
    local code=$1 text=$2 output
    shift 2
    output=$(timeout 20 "$programs/memmgrd" "$@" 2>&1)
    [ $? -eq "$code" ] || fail "$*: not exit $code: $output"
    case $output in
    *"$text"*) ;;
    *) fail "$*: not \"$text\" but: $output" ;;
    esac
}

make_domain
write_config
: >"$log"

# ---- configurations ---------------------------------------------------------------------------------------
file=$directory/bad.xml
check() {
    expect_refusal 2 "$1" --check --config "$file"
    rm -rf "$file"
}
check 'No such file'
: >"$file"; check 'is empty'
echo '<Memmgr><killConfig></Memmgr>' >"$file"; check 'bad.xml:1:21: error:'
head -c 200 "$directory/config.xml" >"$file"; check 'not well-formed'
head -c 4096 /dev/zero >"$file"; check 'NUL byte'
truncate -s 100M "$file"; check 'expected at most'
mkfifo "$file"; check 'is a FIFO'
mkdir -p "$file/drop-in.xml"; check 'drop-in.xml: error: is a directory'
ln -s bad.xml "$file"; check 'loop of symbolic links'
ln -s /dev/zero "$file"; check 'character device'
cp "$directory/config.xml" "$file"; chmod 0666 "$file"; check 'writable by everybody'

# ---- places -----------------------------------------------------------------------------------------------
long=$(printf 'a%.0s' $(seq 150))
expect_refusal 2 'at most 107 bytes' --socket "/tmp/$long"
expect_refusal 1 'File name too long' "${arguments[@]}" --runtime-directory "/$long/$long/$long/$long"
touch "$directory/run-file"
expect_refusal 1 'Not a directory' "${arguments[@]}" --runtime-directory "$directory/run-file"
mkdir -p "$directory/run-bad/lock"
expect_refusal 1 'run-bad/lock' "${arguments[@]}" --runtime-directory "$directory/run-bad"
mkdir "$directory/run-full"
if mount -t tmpfs -o size=8k tmpfs "$directory/run-full"; then
    expect_refusal 1 'run-full/limits cannot be used: No space left' "${arguments[@]}" \
        --runtime-directory "$directory/run-full"
    umount "$directory/run-full"
fi
echo kept >"$directory/foreign"
expect_refusal 1 "$directory/foreign" "${arguments[@]}" --socket "$directory/foreign"
[ "$(cat "$directory/foreign")" = kept ] || fail "a foreign file at the socket's path was touched"

# ---- streams, limits, environment -------------------------------------------------------------------------
"$programs/memmgrd" "${arguments[@]}" <&- >&- 2>&- &
daemon=$!
await || fail "closed streams: not started"
[ "$(cat "$directory/run/lock")" = "$daemon" ] || fail "closed streams: the log went into the lock file"
stop "closed streams"

mkfifo "$directory/pipe"
exec 8<>"$directory/pipe"
dd if=/dev/zero of=/proc/self/fd/8 oflag=nonblock bs=4096 count=1024 2>/dev/null
"$programs/memmgrd" "${arguments[@]}" 2>&8 &
daemon=$!
await || fail "a full log pipe: not started"
stop "a full log pipe"
exec 8>&-

exec 8> >(exit 0)
wait $!
"$programs/memmgrd" "${arguments[@]}" 2>&8 &
daemon=$!
await || fail "a broken log pipe: not started"
stop "a broken log pipe"
exec 8>&-

(
    ulimit -f 0
    exec "$programs/memmgrd" "${arguments[@]}" 2>&1
) | grep -q 'File too large' || fail "a limit of file sizes: no clear error"

(
    ulimit -n 16
    exec "$programs/memmgrd" "${arguments[@]}" 2>&1
) | grep -q 'Too many open files' || fail "sixteen descriptors: no clear error"

NOTIFY_SOCKET=garbage WATCHDOG_USEC=1 start
# A number of the status by its name; -1 when it is not there.
number() {
    local value
    value=$(control status --json | tr -d '\n' | grep -o "\"$1\":[[:space:]]*[0-9]*" | head -n 1 | tr -dc 0-9)
    echo "${value:--1}"
}
before=$(number wakeups)
[ "$before" -ge 0 ] || fail "no number of wake-ups"
sleep 1
after=$(number wakeups)
[ $((after - before)) -lt 1500 ] || fail "a watchdog of 1 us: $((after - before)) wake-ups a second"

# ---- a second one -----------------------------------------------------------------------------------------
expect_refusal 3 "another memmgrd (pid $daemon)" "${arguments[@]}"
expect_refusal 3 "another memmgrd manages /$name already" "${arguments[@]}" --runtime-directory "$directory/run2"
expect_refusal 1 'in use' "${arguments[@]}" --runtime-directory "$directory/run2" --dry-run
[ -S "$directory/socket" ] || fail "the second daemon removed the first one's socket"
stop "garbage in the environment"

# ---- the domain plays the part of RAM -------------------------------------------------------------------
start
control status | grep -q 'profile small' || fail "not the profile for the domain: $(control status)"
kill -HUP "$daemon"
for _ in $(seq 100); do grep -q 'nothing has changed' "$log" && break; sleep 0.05; done
grep -q 'nothing has changed' "$log" || fail "a reload is not for the domain: $(tail -n 3 "$log")"
stop "a domain's profile"

# ---- a domain that is removed and made anew ----------------------------------------------------------------
start
remove_domain
sleep 1.5
kill -0 "$daemon" 2>/dev/null || fail "the daemon ended while the domain could not be opened: $(cat "$log")"
make_domain
for _ in $(seq 100); do
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.1
done
kill -0 "$daemon" 2>/dev/null && fail "still there with a domain that is another one"
wait "$daemon"
[ $? -eq 1 ] || fail "the domain was made anew: not exit 1"
grep -q 'made anew, which is another group' "$log" || fail "the end was not explained: $(cat "$log")"

# ---- clients ----------------------------------------------------------------------------------------------
start
descriptors() { find "/proc/$daemon/fd" -mindepth 1 | wc -l; }
# the BPF programs are handed over a little after the start
for _ in $(seq 600); do
    control status | grep -q 'being loaded' || break
    sleep 0.05
done
control status | grep -q 'being loaded' && fail "the BPF programs are being loaded for good"
before=$(descriptors)
if command -v perl >/dev/null; then
    timeout 30 perl - "$directory/socket" "$daemon" <<'PERL' || fail "clients: $(cat "$log")"
use strict; use warnings; use Socket;
my ($path, $daemon) = @ARGV;
sub connected { socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die; connect($s, sockaddr_un($path)) or die "connect: $!"; $s }
sub ask { my ($s, $packet) = @_; send($s, $packet, 0) // die "send: $!"; recv($s, my $answer, 70000, 0) // die "recv: $!"; $answer }
my $event = '{"version":1,"id":1,"request":"event","event":"create","name":"x","pid":%s}';
my %expected = (
    'hello' => 'not-json', '[]' => 'not-json', '{' => 'not-json', "{\"version\":1}\0" => 'not-json',
    '{"version":1,"id":1,"request":"\u0000"}' => 'not-json', '[' x 30000 => 'too-complex',
    '[' . '1,' x 30000 . '1]' => 'too-complex', ' ' x 65537 => 'too-long', '{}' => 'missing-field',
    '{"version":1e999,"id":1,"request":"status"}' => 'unsupported-version',
    '{"version":1,"id":1e300,"request":"status"}' => 'bad-field',
    "{\"version\":1,\"id\":1,\"request\":\"\xff\xfe\"}" => 'unknown-request',
    '{"version":1,"id":1,"request":"status","what":1}' => 'unknown-field',
    sprintf($event, 4194304) => 'no-such-process', sprintf($event, 1) => 'protected-process',
    sprintf($event, $daemon) => 'protected-process', sprintf($event, 2) => 'protected-process|not-in-domain',
    sprintf($event, -1) => 'bad-field', sprintf($event, '99999999999999999999') => 'bad-field',
    sprintf($event, $$) => 'not-in-domain',
);
my $client = connected();
for my $packet (sort keys %expected) {
    my $answer = ask($client, $packet);
    $answer =~ /"code":"($expected{$packet})"/ or die substr($packet, 0, 60) . ": $answer\n";
}
for (1 .. 10000) { ask($client, '{"version":1,"id":1,"request":"kills"}') =~ /"ok":true/ or die }
my @held;
for (1 .. 10000) { push @held, connected(); @held = () if @held > 900 }
@held = ();
# one that never reads what it subscribed to is dropped; one that goes before its answer is nobody's loss
my $deaf = connected(); send($deaf, '{"version":1,"id":1,"request":"subscribe"}', 0);
for (1 .. 200) { my $short = connected(); send($short, '{"version":1,"id":1,"request":"status"}', 0) }
PERL
else
    echo "not tested: packets (no perl)"
fi
control status >/dev/null || fail "after the clients: no answer"
for _ in $(seq 100); do
    [ "$(descriptors)" -le "$before" ] && break
    sleep 0.05
done
[ "$(descriptors)" -le "$before" ] || fail "clients leaked descriptors: $before, $(descriptors)"

# ---- a kill while reloads storm, and the victim is stopped -------------------------------------------------
victim() {
    (
        echo "$BASHPID" >"$directory/victim"
        for top in "${tops[@]}"; do
            [ -d "$top/$name/app" ] && echo "$BASHPID" >"$top/$name/app/cgroup.procs"
        done
        read -r _ <"$directory/pipe"
        # one endless line, at some 25 MB/s: tail keeps it all
        exec tail < <(while head -c 256K /dev/zero; do sleep 0.01; done)
    ) >/dev/null 2>&1 &
    victim=$!
}
report_victim() {
    control event create --pid "$victim" --name "$1" >/dev/null || fail "$1: create refused"
    control event background --pid "$victim" >/dev/null || fail "$1: background refused"
}

rm -f "$directory/pipe"
mkfifo "$directory/pipe"
victim
for _ in $(seq 100); do grep -qs . "${tops[0]}/$name/app/cgroup.procs" && break; sleep 0.02; done
report_victim grower
(while kill -HUP "$daemon" 2>/dev/null; do :; done) &
storm=$!
echo go >"$directory/pipe"
wait "$victim" 2>/dev/null
[ $? -eq 137 ] || fail "the grower was not killed"
kill "$storm"
wait "$storm" 2>/dev/null
control kills | grep -q grower || fail "the grower was killed by somebody else: $(control kills)"
rm "$directory/config.xml"
kill -HUP "$daemon"
for _ in $(seq 100); do
    grep -q 'the old configuration stays' "$log" && break
    sleep 0.05
done
grep -q 'the old configuration stays' "$log" || fail "a configuration that is gone: $(tail -n 3 "$log")"
write_config

# ---- the domain goes away ---------------------------------------------------------------------------------
remove_domain
for _ in $(seq 100); do
    grep -q 'available memory cannot be read' "$log" && break
    sleep 0.05
done
grep -q 'available memory cannot be read' "$log" || fail "nothing said of the domain that is gone"
control status >/dev/null || fail "no answer when the domain is gone"
stop "the domain is gone"

[ "$failures" -eq 0 ] && echo "all as expected"
exit $((failures > 0))
