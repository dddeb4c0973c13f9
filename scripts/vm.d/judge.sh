# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # names of scripts/vm
# How a run of the VM ended: from the verdict channel, which vm.d/stage2 writes,
# and from the kernel's log.

# What a kernel says that found itself at fault; at the start of a line, but for
# the time and the caller.
fault='^(\[[ 0-9.]*\](\[[ TC0-9]*\])? )?('
fault+='-+\[ cut here|WARNING: |BUG: |\[ BUG: |ODEBUG: |BUG [a-z]|Oops: |kernel BUG at |Kernel panic|'
fault+='general protection fault|UBSAN: |KASAN: |KCSAN: |refcount_t: |'
fault+='list_(add|del) (corruption|double)|(NMI )?watchdog: .*(LOCKUP|lockup)|'
fault+='sysfs: cannot create duplicate|kobject_add_internal failed .* with -EEXIST|'
fault+='kobject.*initialized object|'
fault+='INFO: task .* blocked for more|INFO: trying to register non-static key|'
fault+='rcu: .*(stall|starved)|INFO: rcu_tasks.*stall|kmemleak: [0-9]+ new suspected|'
fault+='.*possible (circular|recursive) locking|.*suspicious RCU usage)'

# Of a kernel's log on stdin the lines in which it found a fault. A data race is one only if the
# module has part in it: the kernel has its own, as where a device writes to memory. What an
# interrupt came upon has no part. ktime_get_mono_fast_ns() reads what is written meanwhile, and by
# its latch never the half of it (update_fast_timekeeper() in kernel/time/timekeeping.c).
# optimized_callback() expects a kprobe to be disabled meanwhile (arch/x86/kernel/kprobes/opt.c), and
# what that calls looks at the flag which __disable_kprobe() sets (opt_pre_handler() in kernel/kprobes.c).
faults()
{
	tr -d '\r' | awk -v fault="${fault//\\/\\\\}" '
		function race_ends() {
			if (ours && race !~ / (ktime_get_mono_fast_ns|optimized_callback|__disable_kprobe \/ opt_pre_handler)/)
				print race
			race = ours = 0
		}
		/BUG: KCSAN: / { race_ends(); race = $0; interrupted = 0 }
		race && / of [0-9]+ bytes by / { interrupted = 0 }
		race && / asm_/ { interrupted = 1 }
		race && !interrupted && /\[(syscount|planted)\]/ { ours = 1 }
		race && /=====/ { race_ends() }
		!/BUG: KCSAN: / && $0 ~ fault
		END { race_ends() }'
}

# Of what kmemleak found, on stdin, all but what is the kernel's own: if sysfs_slab_add() fails,
# the cache's name is left, since who puts the object would free the cache twice (mm/slub.c).
leaks()
{
	awk '
		function record_ends() {
			if (!theirs)
				printf "%s", record
			record = theirs = name = ""
		}
		/^unreferenced object / { record_ends() }
		{ record = record $0 "\n" }
		/ kobject_set_name_vargs\+/ { name = 1 }
		name && / sysfs_slab_add\+/ { theirs = 1 }
		END { record_ends() }'
}

# show_log FILTER...: the kernel's log through it, to stderr
show_log()
{
	tr -d '\r' < "$tmp/log" | "$@" >&2
}

judge()
{
	local said status taint first

	said=$(tr -d '\r' < "$tmp/verdict")
	status=$(sed -n 's/^status //p' <<< "$said")
	taint=$(sed -n 's/^taint //p' <<< "$said")
	first=$(faults < "$tmp/log" | head -n 1)
	if [[ $first ]]; then
		show_log grep -aF -A 200 -m 1 -- "$first"
		say "kernel: it found a fault of its own, see above${status:+ (status of COMMAND: $status)}"
		exit "$EX_FAULT"
	elif ((qemu_status == 124 || qemu_status == 137)); then
		show_log tail -n 20
		say "time-out: not done within $limit s (-t SECONDS allows more)"
		exit "$EX_TIMEOUT"
	elif [[ $said == *error\ * ]]; then
		show_log tail -n 20
		die "kernel $release" "${said#*error }"
	elif [[ $said != *ready* ]]; then
		show_log tail -n 40
		cat "$tmp/qemu" >&2
		die "kernel $release" "the VM did not get as far as COMMAND (status of QEMU: $qemu_status)"
	elif [[ -z $status || -z $taint ]]; then
		show_log tail -n 40
		say "kernel: it ended without a verdict, as by a reset or power-off in COMMAND"
		exit "$EX_FAULT"
	elif ((taint & ~12288)); then
		# 12288: a module from outside the kernel's tree, unsigned.
		show_log tail -n 40
		say "kernel: it is tainted ($taint; Documentation/admin-guide/tainted-kernels.rst says by what; status of COMMAND: $status)"
		exit "$EX_FAULT"
	fi
	exit "$status"
}
