# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash source=guest/library.sh disable=SC2317
#
# A Debian system on which no application ever speaks to the daemon: installed, enabled and started as an integrator
# does it, with the configuration as it is installed. First with nothing else: a service of a user, which systemd has
# raised, dies, and what is at 0 lives. Then with the one line that puts users' programs on the list: all that grow
# without end die, wherever they come from, and what a system and its sessions stand on lives.
. /test/library.sh
export NO_COLOR=1
drop_in=/etc/memmgr/memmgr_config.d/10-users.xml
ends=/home/user/ends

# ---- who has to live ------------------------------------------------------------------------------------------

main_pid() {
    systemctl show --property MainPID --value "$1"
}

# start_time PID: what tells it from another with the same pid; "gone" when it has ended.
start_time() {
    local rest

    # 4711 (name of any form) S 1 ...
    rest=$(cat "/proc/$1/stat" 2>/dev/null) || {
        echo gone
        return
    }
    rest=${rest##*) }
    echo "$rest" | cut -d ' ' -f 20
}

# child_of PID: the first one.
child_of() {
    cut -d ' ' -f 1 "/proc/$1/task/$1/children" 2>/dev/null
}

# remember NAME PID RULE: one who has to live, and the process rule that says so.
remember() {
    local name=$1 pid=$2 rule=$3

    [ "$(start_time "${pid:-none}")" != gone ] || fail "there is no $name"
    echo "$name	$pid	$(start_time "$pid")	$rule" >>/tmp/residents
}

remember_system() {
    local console

    console=$(main_pid serial-getty@ttyS0.service)
    remember init 1 init
    remember journal "$(main_pid systemd-journald)" log
    remember devices "$(main_pid systemd-udevd)" devices
    remember logind "$(main_pid systemd-logind)" login
    remember bus "$(main_pid dbus)" "message bus"
    remember sshd "$(main_pid ssh)" sshd
    remember memmgrd "$(main_pid memmgrd)" memmgr
    remember "user manager" "$(main_pid user@1000)" "user manager"
    remember console "$console" login
    remember "console shell" "$(child_of "$console")" "user shell"
}

remember_session() {
    local shell side

    shell=$(cat /tmp/session.pid)
    side=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$shell/status")
    remember "remote shell" "$shell" "user shell"
    remember "user's side of the session" "$side" "user session"
    remember "root's side of the session" "$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$side/status")" ""
}

check_residents_live() {
    local name pid started rule

    while IFS='	' read -r name pid started rule; do
        check_equal "$1: $name lives ($pid)" "$started" "$(start_time "$pid")"
    done </tmp/residents
}

# rule_of PID: by the command, which reads the installed configuration as the daemon does.
rule_of() {
    memmgrctl match --json "$1" >/tmp/match.json || fail "memmgrctl match $1"
    vm_json match.rule /tmp/match.json
}

# listed PID FIELD
listed() {
    memmgrctl list --why "$1" --json >/tmp/list.json || return
    vm_json "$2" /tmp/list.json
}

check_rules_of_residents() {
    local name pid started rule

    while IFS='	' read -r name pid started rule; do
        check_equal "the rule that $name goes by" "$rule" "$(rule_of "$pid")"
        # Nobody can end those two by accident, so they are not on the list.
        [ "$name" = init ] || [ "$name" = memmgrd ] ||
            check_equal "as the daemon's list says" "$rule" "$(listed "$pid" 'processes[0].process_rule')"
    done </tmp/residents
}

# ---- who has to die -------------------------------------------------------------------------------------------

login() {
    ssh -o StrictHostKeyChecking=accept-new -o BatchMode=yes user@localhost "$@"
}

# The user's own, over SSH and on a terminal, as long as this script lives. Its commands go to descriptor 7.
session_open() {
    mkfifo /tmp/session
    login -tt </tmp/session >/tmp/session.log 2>&1 &
    exec 7>/tmp/session
    rm /tmp/session
    # The remote shell's own pid.
    # shellcheck disable=SC2016
    session 'echo $$ >/home/user/session.pid'
    wait_until 30 test -s /home/user/session.pid || fail "nobody could log in: $(cat /tmp/session.log)"
    cp /home/user/session.pid /tmp/session.pid
}

session() {
    echo "$*" >&7
}

# What the user types: hog NAME OPTION...; its pid goes to ~/pids, how it ended to ~/ends.
prepare_home() {
    cat >/home/user/hog <<'END_OF_HOG'
#!/bin/sh
name=$1
shift
vm_hog "$@" >"/home/user/$name.log" 2>&1 &
echo "$name $!" >>/home/user/pids
wait $!
echo "$name $?" >>/home/user/ends
END_OF_HOG
    cat >/home/user/brood <<'END_OF_BROOD'
#!/bin/sh
for child in first second third; do
    /home/user/hog "$child" --hold-mb 8 --grow-mb-per-s 25 &
done
wait
END_OF_BROOD
    chmod 755 /home/user/hog /home/user/brood
    touch /home/user/pids "$ends"
    chown user: /home/user/hog /home/user/brood /home/user/pids "$ends"
}

pid_of() {
    sed -n "s/^$1 //p" /home/user/pids
}

# has_line FILE EXPRESSION
has_line() {
    grep -qs "$2" "$1"
}

# has_ended NAME...
has_ended() {
    local name

    for name in "$@"; do
        has_line "$ends" "^$name " || return
    done
}

# ended NAME: as a shell says it; 137 is SIGKILL.
ended() {
    sed -n "s/^$1 //p" "$ends"
}

# kills FIELD: oldest first, on one line.
kills() {
    memmgrctl kills --json >/tmp/kills.json || fail "memmgrctl kills"
    # shellcheck disable=SC2005,SC2046 # one line out of many is the purpose
    echo $(vm_json "kills[*].$1" /tmp/kills.json | sed '1!G;h;$!d')
}

sorted() {
    # shellcheck disable=SC2005,SC2046,SC2086 # one line out of many is the purpose
    echo $(printf '%s\n' $1 | sort -n)
}

# ---- the system -----------------------------------------------------------------------------------------------

is_up() {
    local state

    state=$(systemctl is-system-running)
    [ "$state" = running ]
}

memmgrd_answers() {
    memmgrctl status >/dev/null 2>&1
}

# Each process is asked about on its own, behind the reload.
is_listed_as() {
    [ "$(listed "$1" 'processes[0].process_rule' 2>/dev/null)" = "$2" ]
}

say "--- as it is installed"
check "systemd has started all" wait_until 60 is_up
systemctl enable --now memmgrd >/tmp/enable.log 2>&1 || fail "memmgrd is not started: $(cat /tmp/enable.log)"
check "memmgrd answers" wait_until 30 memmgrd_answers
check_equal "which is the installed program" /usr/sbin/memmgrd "$(readlink "/proc/$(main_pid memmgrd)/exe")"
memmgrctl status --json >/tmp/status.json
check_equal "with the installed configuration alone" /etc/memmgr/memmgr_config.xml \
    "$(vm_json 'daemon.config_files[*].file' /tmp/status.json)"
prepare_home
session_open
remember_system
remember_session

# systemd gives a user's services an oom_score_adj of their own.
session "/home/user/hog keeper --hold-mb 120 & disown"
check "a program of the user's holds its memory" wait_until 60 has_line /home/user/keeper.log '^ready'
session "systemd-run --user --collect /home/user/hog service --hold-mb 16 --grow-mb-per-s 60"
check "a growing service of the user's dies" wait_until 120 has_ended service
check_equal "by SIGKILL" 137 "$(ended service)"
check_equal "and it alone" "$(pid_of service)" "$(kills pid)"
check_equal "the keeper is left at 0" "" "$(rule_of "$(pid_of keeper)")"
check_residents_live "as it is installed"
check_equal "the kernel has killed nobody" 0 "$(vmstat oom_kill)"

say "--- with users' programs"
# A victim's exit takes many times as long on an emulated processor.
cat >"$drop_in" <<'END_OF_DROP_IN'
<Memmgr>
    <killPolicy>
        <exitTimeoutMs>15000</exitTimeoutMs>
        <recoveryTimeoutMs>5000</recoveryTimeoutMs>
    </killPolicy>
    <processRules><userPrograms>true</userPrograms></processRules>
</Memmgr>
END_OF_DROP_IN
check "the line is valid" memmgrctl config check "$drop_in"
check "the daemon takes it" memmgrctl reload
check "the keeper's rule is known" wait_until 60 is_listed_as "$(pid_of keeper)" "user program"
check_rules_of_residents

session "nohup /home/user/hog lone --hold-mb 16 --grow-mb-per-s 25 >/dev/null 2>&1 &"
session "nohup /home/user/brood >/dev/null 2>&1 &"
login systemd-run --user --scope --collect /home/user/hog scope --hold-mb 16 --grow-mb-per-s 25 \
    >/tmp/scope.log 2>&1 &
grown="lone first second third scope"
# shellcheck disable=SC2086 # the names are split on purpose
check "all that grow without end die" wait_until 150 has_ended $grown
for name in $grown; do
    check_equal "$name by SIGKILL" 137 "$(ended "$name")"
done
check_equal "the daemon's records name these and nobody else" \
    "$(sorted "$(for name in service $grown; do pid_of "$name"; done)")" "$(sorted "$(kills pid)")"
vm_json 'kills[*].reason' /tmp/kills.json >/tmp/reasons
check_equal "and the rule of all that nobody had raised" 5 \
    "$(grep -c 'MB, which allows .*; process of rule "user program" at 200 is the least important' /tmp/reasons)"
[ "$checks_failed" -eq 0 ] || cat /tmp/reasons
check_equal "the keeper, which is lighter, lives" "" "$(ended keeper)"
check_residents_live "with users' programs"
check_equal "the kernel has killed nobody" 0 "$(vmstat oom_kill)"

say "--- afterwards"
check_equal "a new login" user "$(login id -un)"
session "echo still here >/home/user/answer"
check "the old session answers" wait_until 30 has_line /home/user/answer "still here"
echo "still here" | systemd-cat -t guest
journalctl --sync
check "the journal writes" test "$(journalctl --quiet --no-pager -t guest --output cat)" = "still here"
check "the bus answers" busctl --quiet call org.freedesktop.login1 /org/freedesktop/login1 \
    org.freedesktop.login1.Manager ListSessions
check_equal "no unit has failed" running "$(systemctl is-system-running)"
check "memmgrd stops" systemctl stop memmgrd
check_equal "in order" success "$(systemctl show --property Result --value memmgrd)"
done_testing
