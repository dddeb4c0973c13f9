#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ftrace finds a fault in itself while the hook is direct, and lets go of nothing any more:
# whatever is done then, calls go on, and what they still go through stays. Boots VMs;
# prints KTAP.

set -u
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
tmp=$(mktemp -d) || exit
export VM_TEST_MODULES=planted
trap 'rm -rf "$tmp"' EXIT
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$repo/selftests/same.sh"

# shellcheck disable=SC2016 # for the shell in the VM
readonly common='
flocks() { awk "\$3 == \"flock\" && \$1 == 64 { print \$6 }" /proc/syscount; }
calls() { perl -e "flock(STDIN, 8) for 1 .. 1009"; }
said() { dmesg | sed -n "s/^.*\(syscount: hook.*\)/\1/p"; }
insmod "$SYSCOUNT_KO" hook=direct || exit
cd /sys/class/misc/syscount || exit
cat hook
dmesg --clear
insmod "${SYSCOUNT_KO%/*}/planted.ko" bug=ftrace_dead || exit
dmesg | sed -n "s/^.*\(planted: .*\)/\1/p"
'

vm() { "$repo/scripts/vm" -t 300 -- bash -c "$common$1" 2> "$tmp/err" < /dev/null || cat "$tmp/err"; }

echo "TAP version 13"
# shellcheck disable=SC2016
changed=$(vm '
before=$(flocks); calls; echo "direct: $(($(flocks) - before))"
echo tracepoint > hook
cat hook
before=$(flocks); calls; echo "tracepoint: $(($(flocks) - before))"
said
rmmod syscount 2>&1 | sed "s/.*Module/Module/"
[[ -e /proc/syscount ]] && calls && echo "calls go on"
')
same "the hook can be changed, and the module stays" "[direct] tracepoint kprobe
planted: ftrace is dead
direct: 1009
direct [tracepoint] kprobe
tracepoint: 1009
syscount: hook direct: ftrace has failed: this module can never be unloaded
Module syscount is in use
calls go on" "$changed"

# shellcheck disable=SC2016
unloaded=$(vm '
cd /
rmmod syscount &
until said | grep "never be unloaded"; do :; done
[[ ! -e /proc/syscount ]] && calls && echo "calls go on"
[[ -d /proc/$! ]] && echo "who unloads it waits"
')
same "who unloads it waits for ever, and nothing else happens" "[direct] tracepoint kprobe
planted: ftrace is dead
syscount: hook direct: ftrace has failed: this module can never be unloaded
calls go on
who unloads it waits" "$unloaded"

same_end
