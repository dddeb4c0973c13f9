# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# The side of the ioctls that is the command's, with a stand-in for the module.

if [[ -e /dev/syscount ]]; then
	skip no-module "the module is loaded"
else
	for command in show "show -J" "stat 1" "diff db7.json" list info reset "enable all" cost; do
		refuses "no-module-${command// /-}" \
			"/dev/syscount: the module is not loaded; to load it: modprobe syscount" "$command"
	done
fi

# A /dev of our own, with another device under our name.
if ((UID == 0)) && unshare -m true 2>/dev/null; then
	dev="mount -t tmpfs none /dev && mknod /dev/syscount c 1 3"
	sh other-device 1 "syscount: /dev/syscount: not the device of the syscount module" \
		"unshare -m bash -c '$dev; syscount'"
	sh device-elsewhere 1 "syscount: /dev/syscount: no such file, though the module is loaded: not in this container or chroot" \
		"unshare -m bash -c 'mount -t tmpfs none /dev && mount -t tmpfs none /sys && mkdir -p /sys/module/syscount && syscount'"
	sh no-permission 1 "syscount: /dev/syscount: Permission denied" \
		"unshare -m bash -c '$dev -m 000; setpriv --reuid 65534 --clear-groups $SYSCOUNT'"
else
	skip device-elsewhere "needs root and a mount namespace"
	skip other-device "needs root and a mount namespace"
	skip no-permission "needs root and a mount namespace"
fi

# fake NAME STATUS STDERR SCRIPT: with the module's stand-in
fake()
{
	sh "module-$1" "$2" "$3" "syscount() { LD_PRELOAD=$tmp/fake.so command syscount \"\$@\"; }
		plain() { sed -E \"s/^(.*)syscount: \$(uname -n): /\\1syscount: HOST: /\"; }; $4"
}

modulewide()
{
	local read="not permitted: needs CAP_PERFMON, CAP_SYS_ADMIN or the group of the module's parameter gid"
	local admin="not permitted: needs CAP_SYS_ADMIN"
	local old="not known to the loaded module: it is older than this command; load the one that belongs to syscount 1.0"
	local form

	fake show 0 "" "syscount | plain"
	fake duration 0 "" "syscount -d 0.01 | plain"
	# How many readings there are is up to a busy machine; what each says is not.
	fake interval 0 "" "syscount -I 0.02 -d 1 | plain | sed -n 1,32p"
	fake interval-json 0 "" "syscount -I 0.02 -d 0.1 -J | jq -sc 'length >= 2,
		[.[].syscount.total] == [range(1; length + 1) * 111],
		[.[].syscount.now_ns] == [range(6; length + 6) * 1e9], (map(.syscount.since_ns) | unique)'"
	fake interval-csv 0 "" "syscount -I 0.02 -d 0.1 --csv | sed -E 's/^2[^,]*Z,/TIME,/' | sort -u"
	fake duration-json 0 "" "syscount -d 0.01 -J | jq -c '.syscount | del(.host, .kernel, .machine, .boot_id, .time, .since, .cpus)'"
	fake json-origin 0 "" "syscount -J | jq -r '.syscount | .time, .since, .boot_id, .host, .kernel, .machine' |
		sed -E 's/^2[0-9]{3}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{6}Z$/TIME/' |
		diff - <(printf 'TIME\nTIME\n'; cat /proc/sys/kernel/random/boot_id; uname -n; uname -r; uname -m)"
	# The same counters began at the same time, whenever they are read.
	fake since-steady 0 "" "for i in {1..20}; do syscount -J; done | jq -sc 'map(.syscount.since) | unique | length'"
	fake reset-between 0 "syscount: the counters were reset in this interval: counted from the reset" \
		"FAKE=reset syscount -d 0.01 | plain"
	fake cpus 0 "" "syscount --by cpu | plain"
	fake cpus-json 0 "" "syscount --by cpu -J | jq -c '.syscount | .since_ns, .total, .groups'"
	fake stat 0 "" "syscount stat 0.02 3"
	fake stat-json 0 "" "syscount stat 0.02 2 -J | jq -c .syscount.total"
	fake stat-default 0 "" "syscount stat -d 0.01"
	fake stat-columns 2 "syscount: stat: --columns: no column 'CPU'; there are: TIMESTAMP FILE UNKNOWN TOTAL" \
		"syscount stat -c file,unknown -U CPU 0.1 1"
	fake list 0 "" "syscount list"
	fake list-state 0 "" "syscount list -U +STATE"
	fake info 0 "" "syscount info -J | jq -c '.syscount | .module, .abi_version, .hook, .hook_chosen, .hooks, .abis, .cpu_ids, .loaded_ns, .since_ns, .now_ns'"
	fake holders 0 "" "exec {held}</dev/zero; syscount info -J |
		jq -r '.syscount.holders[] | select(.pid == '\$\$') | .command'"
	# Of a real loop of calls, so with times that nobody knows.
	fake cost 0 "" "syscount cost -d 0.01 | plain | sed -E 's/ [0-9.]+ ns;/ N ns;/; s/ than [0-9.]*% of .*/ than PERCENT of CPUS/
		/^(host|kernel|machine|cpus|boot_id|time|(un)?counted_ns|cpu_percent) /d'"
	fake cost-csv 0 "" "syscount cost -d 0.01 --csv | grep -E '^(name|hook|syscall|added_ns|duration_ns|calls.*),'"
	fake cost-json 0 "" "syscount cost -d 0.01 -J | jq -c '.syscount | [.kind, .hook, .syscall, .added_ns, .duration_ns, .calls, .calls_per_second],
		(.counted_ns - .uncounted_ns - .added_ns | fabs < 0.01), (.cpu_percent * .cpus - 111 * 2.5 / 1e7 | fabs < 1e-12)'"
	fake cost-noise 0 "syscount: cost: no difference can be seen: the machine is too busy, or its clock too uneven; try again" \
		"FAKE=noise syscount cost -d 0.01 -J | jq -c '.syscount | .added_ns, .cpu_percent'"
	fake cost-none 0 "" "FAKE=none syscount cost | plain | head -n 1"
	fake cost-none-json 0 "" "FAKE=none syscount cost -J | jq -c '.syscount | keys - [\"host\", \"kernel\", \"machine\", \"boot_id\", \"time\"]'"
	fake cost-off 0 "syscount: cost: off, so not in the rate, though the hook costs these calls the same: device, 1 single call" \
		"FAKE=off syscount cost -d 0.01 -J | jq .syscount.calls"
	fake cost-changed 0 "syscount: cost: the hook was changed meanwhile: what is said is of direct" \
		"FAKE=changed syscount cost -d 0.01 -J | jq .syscount.hook"
	fake cost-reset 0 "syscount: the counters were reset in this interval: counted from the reset" \
		"FAKE=reset-late syscount cost -d 0.01 -J | jq -c '.syscount | .calls, .duration_ns'"
	fake cost-cannot 1 "syscount: cost: the hook kprobe cannot be measured here" "FAKE=kprobe syscount cost"
	fake cost-admin 1 "syscount: cost of the hook tracepoint: $admin" "FAKE=tracepoint syscount cost -d 1000"
	fake cost-interrupt 0 "" "$at INT $preloaded cost -d 100 -J | head -n -1 | jq .syscount.calls"
	fake cost-closed 1 "syscount: write error: Bad file descriptor" "syscount cost -d 0.01 >&-"
	fake old-cost 1 "syscount: counters: $old" "FAKE=old syscount cost"
	fake diff 0 "" "syscount -J -o $tmp/now; syscount diff $tmp/now"
	fake choose 0 "" "syscount -rn -e 'write,futex'"
	fake choose-no-abi 1 "syscount: show: --syscall: no abi '@foo'; there are: 64, i386" "syscount -e read@foo"
	fake choose-absent 1 "syscount: show: --syscall: no syscall 'raed'; did you mean 'read'?" "syscount -e raed"
	fake choose-off 0 "" "syscount -e write | plain"
	fake map 0 "" "syscount --map names.map | plain"
	fake enable 0 "" "syscount enable file unknown"
	fake enable-all 0 "" "syscount enable all"
	fake disable 0 "" "syscount disable 'r*' 202@64 read@32 process"
	fake disable-typo 1 "syscount: no category and no call 'prozess'; did you mean 'process'?" "syscount disable file prozess"
	fake disable-abi 1 "syscount: no category and no call 'write@x32'; did you mean 'write'?" "syscount disable write@x32"
	fake disable-list 0 "" "syscount disable 'r*,202@64,read@32,process'"
	fake disable-list-typo 1 "syscount: no category and no call 'prozess'; did you mean 'process'?" "syscount disable file,prozess"
	fake disable-all-but 1 "syscount: '!read' is no category and no call" "syscount disable '!read'"
	fake disable-number 1 "syscount: no category and no call '77'" "syscount disable 77"
	fake reset 0 "" "syscount reset"
	for form in show "stat 1" "diff db7.json"; do
		fake "eperm-${form%% *}" 1 "syscount: counters: $read" "FAKE=eperm syscount $form"
	done
	fake eperm-reset 1 "syscount: reset: $admin" "FAKE=eperm syscount reset"
	fake eperm-disable 1 "syscount: switch: $admin" "FAKE=eperm syscount disable all"
	fake eperm-cpus 1 "syscount: counters: $read" "FAKE=eperm syscount --by cpu"
	fake eperm-list 0 "" "FAKE=eperm syscount list -T 1 -n"
	fake eperm-info 0 "syscount: hook, abis and times: $read" "FAKE=eperm syscount info -r | grep module"
	fake old 1 "syscount: counters: $old" "FAKE=old syscount"
	fake old-reset 1 "syscount: reset: $old" "FAKE=old syscount reset"
	fake abi 1 "syscount: /dev/syscount: the loaded module 1.0 speaks ABI 2, this command ABI 1: use the two of one version" \
		"FAKE=abi syscount"
	# Ctrl-C: what there is, exit 0; a second one while output is stuck: at once.
	fake interrupt 0 "" "$at INT $preloaded -d 100 | plain"
	sh module-interrupt-twice 0 "" "LD_PRELOAD=$tmp/fake.so python3 $here/interrupt-twice.py syscount -I 0.001"
	fake interrupt-stat 0 "" "$at INT $preloaded stat 100 | plain"
}

# What a module of another version does.
versions()
{
	local other="not understood by the loaded module: it is not of this command's version; load the one that belongs to syscount 1.0"
	local old="not known to the loaded module: it is older than this command; load the one that belongs to syscount 1.0"
	local wrong="the module's answer does not fit together"
	local what command

	for command in show "stat 1" "diff db7.json" list info reset "enable all" "disable futex" cost "run true" "attach -a"; do
		case $command in
		reset) what=reset ;;
		"enable all") what=switch ;;
		*) what="table of calls" ;;
		esac
		version "$command" enotty "$what: $old"
		version "$command" einval "$what: $other"
		version "$command" e2big "$what: $other"
		version "$command" abi \
			"/dev/syscount: the loaded module 1.0 speaks ABI 2, this command ABI 1: use the two of one version"
	done
	fake newer-size 0 "" "FAKE=newer syscount show | plain"
	fake newer-json 0 "" "FAKE=newer syscount show -J | syscount show -i - -rn"
	fake smaller 0 "" "FAKE=smaller,lost syscount run -J -o $tmp/o true; jq -c '.syscount | .lost, .threads, .hook, .total' $tmp/o"
	fake twice 1 "syscount: counters: $wrong" "FAKE=twice syscount"
	fake sum 1 "syscount: counters: $wrong" "FAKE=sum syscount -J"
	fake sum-cpus 1 "syscount: counters: $wrong" "FAKE=sum syscount --by cpu"
	fake back 1 "syscount: counters: $wrong" "FAKE=back syscount stat 1 1"
}

# version COMMAND FAULT MESSAGE: run fails with a status of its own
version()
{
	local name="$2-${1//[^a-z]/}" status=1

	[[ $1 != run* ]] || status=125
	fake "$name" "$status" "syscount: $3" "FAKE=$2 syscount $1"
}

# Stopped and let go on, in each wait that there is: it goes on waiting.
waits()
{
	local often=stop,WINCH,stop,CONT,stop

	fake wait-duration 0 "" "$at $often,INT $preloaded -d 100 | plain"
	fake wait-interval 0 "" "$at $often,INT $preloaded -I 100 -J | grep -v status | jq -c .syscount.total"
	fake wait-stat 0 "" "$at $often,INT $preloaded stat 100 | plain"
	fake wait-cost 0 "" "$at $often,INT $preloaded cost -d 100 -J | head -n -1 | jq .syscount.calls"
	fake wait-changing 0 "syscount: cost: interrupted while the hook is being changed" \
		"FAKE=changing $at $often,INT $preloaded cost"
	fake wait-attach 0 "" "$at $often,TERM $preloaded attach -a -n --csv 2>&1"
	fake wait-run 0 "" "$at $often,TERM $preloaded run -o $tmp/o sleep 1000; sed 's/ in .*,/,/' $tmp/o | head -n 1"
	fake wait-input 0 "" "$at $often,end syscount -i - -T 1 <plain.json"
	fake wait-output 0 "" "$at $often,drain syscount show -i $tmp/large.json -rn -U NR | md5sum
		{ syscount show -i $tmp/large.json -rn -U NR; echo status 0; } | md5sum"
	sh module-wait-top 0 "" "python3 $here/on-terminal.py 80 $at $often,INT $preloaded top -d 100 |
		grep -ao 'status 0$'"
}

# Every output that there is, onto a disk that is full and to a reader that has gone.
outputs()
{
	local form full="No space left on device"

	for form in "show" "show -I 0.01" "show -I 0.01 -J" "stat 0.01" "stat 0.01 -J" "list" "info" "cost -d 0.01" "cost -d 0.01 -J" "attach -a -d 0.01" \
		"attach -a -I 0.01" "attach -a -I 0.01 -J" "show -J" "show --by cpu" "diff db7.json"; do
		output "$form" "$full"
	done
	fake full-run-stdout 125 "syscount: write error: $full" "syscount run -o - true >/dev/full"
	# What is not in the file is on standard error.
	fake full-run-json 125 "" "syscount run -J -o /dev/full true 2>$tmp/e; s=\$?; sed -n '1p; /\"total\"/p' $tmp/e; exit \$s"
	fake pipe-run 0 "" "python3 $here/to-nobody.py default $preloaded run -o - true"
}

# output COMMAND REASON
output()
{
	local name=${1//[^a-zA-Z]/} said="grep -v ' counting: '"

	fake "full-$name" 1 "" "syscount $1 2>&1 >/dev/full | $said | grep -vx 'syscount: write error: $2'; exit \${PIPESTATUS[0]}"
	fake "full-file-$name" 1 "" "syscount $1 -o /dev/full 2>&1 | $said | grep -vx 'syscount: /dev/full: $2'; exit \${PIPESTATUS[0]}"
	fake "pipe-$name" 0 "" "[[ \$(python3 $here/to-nobody.py default $preloaded $1 2>&1 | $said) == -13 ]]"
	fake "pipe-$name-ignored" 0 "" "[[ \$(python3 $here/to-nobody.py ignored $preloaded $1 2>&1 | $said) == 0 ]]"
}

if ${CC:-cc} -O1 -Wall -shared -fPIC -isystem "$here/../../module/uapi" \
	-o "$tmp/fake.so" "$here/fake-module.c" -ldl 2>"$tmp/why"; then
	preloaded="env LD_PRELOAD=$tmp/fake.so $SYSCOUNT" at="python3 $here/at-wait.py"
	modulewide
	versions
	waits
	outputs
else
	skip module "no compiler for the stand-in"
fi
