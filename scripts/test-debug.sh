#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests on the debug kernels, and the long ones: `make test-debug`. The whole of it, which takes
# hours where the VMs are emulated, writes Documentation/test-report.md.

set -u
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
home=~	# right without HOME, too
cache=${XDG_CACHE_HOME:-$home/.cache}/syscount
report=$repo/Documentation/test-report.md
out=$repo/build/test-debug
# shellcheck source-path=SCRIPTDIR source=vm.d/kernel.sh
. "$repo/scripts/vm.d/kernel.sh"
# shellcheck source-path=SCRIPTDIR source=vm.d/kernel-build.sh
. "$repo/scripts/vm.d/kernel-build.sh"

help()
{
	cat <<-END
	Usage: scripts/test-debug.sh [-s]

	Run the tests on the debug kernels, which are built if need be, and write
	Documentation/test-report.md.

	 -s   a fixed short dose, on those of these kernels that are in the cache
	 -h   this text
	END
}

# The runs: a name, the kernel, words for its command line, tests (none: all).
# shellcheck disable=SC2034 # $dose names them
short=(
	"reports|kasan||planted signed"
	"faults|kasan||fail_nth"
	"stress|kasan||load_stress hotplug watch_races"
	"races|kcsan||planted watch_races count_exact"
)
# shellcheck disable=SC2034
full=(
	"all tests|kasan||"
	"all tests|kcsan||"
	"leaks|kasan|kmemleak=on|count_exact switching reset_exact watch_exact watch_exits watch_memory watch_objects watch_cgroup watch_access load_unload fail_nth"
	"stress|kasan|syscount_dose=full|load_stress hotplug stress_ng.sh"
)

# A table's row, as a run of scripts/test.sh left it
report_row() # NAME KERNEL WORDS TESTS STATUS SECONDS
{
	local counts

	counts=$(tail -n 1 "$out/log")
	[[ $counts == *passed* ]] || counts="no verdict (status $5)"
	echo "| $1 | $2 | ${3:--} | ${4:-all} | $counts | $(($6 / 60)) min |"
}

run() # NAME|KERNEL|WORDS|TESTS
{
	local name kernel words tests status began=$SECONDS

	IFS='|' read -r name kernel words tests <<< "$1"
	echo "test-debug: $name on $kernel${words:+ ($words)}: ${tests:-all tests}"
	# shellcheck disable=SC2086 # words
	VM_APPEND="${VM_APPEND-} $words" "$repo/scripts/test.sh" -k "$kernel" $tests 2>&1 | tee "$out/log"
	status=${PIPESTATUS[0]}
	((!status)) || failed=1
	report_row "$name" "$kernel" "$words" "$tests" "$status" "$((SECONDS - began))" >> "$out/rows"
	sed -n "s/^    did: /- $kernel: /p" "$out/log" >> "$out/counts"
}

write_report()
{
	local commit

	commit=$(git -C "$repo" describe --always --dirty --abbrev=12)
	cat <<-END
	# What \`make test-debug\` ran

	Commit $commit, $(date -u +%F), $(nproc) CPUs, $(qemu-system-x86_64 --version | head -n 1),
	kernels from $(dpkg-query -W -f '${Package} ${Version}' linux-source-6.1):
	what they look for is in [scripts/vm.d/kernel.config](../scripts/vm.d/kernel.config).
	A single report of a kernel is a failure.

	| what | kernel | words | tests | counts | time |
	|---|---|---|---|---|---|
	$(<"$out/rows")

	$(<"$out/counts")
	END
}

dose=full
while getopts sh option; do
	case $option in
	s) dose=short ;;
	h) help; exit 0 ;;
	*) help >&2; exit 2 ;;
	esac
done
mkdir -p "$out" || exit
: > "$out/rows"; : > "$out/counts"
failed=0 ran=0
declare -n runs=$dose
for one in "${runs[@]}"; do
	kernel=${one#*|} kernel=${kernel%%|*}
	if [[ $dose == short ]] && ! kernel_built "$kernel"; then
		echo "test-debug: the kernel $kernel is not in the cache, so this is left out: $one"
		continue
	fi
	run "$one"
	ran=1
done
if [[ $dose == full ]]; then
	write_report > "$report"
	echo "test-debug: $report is written"
fi
((ran)) || echo "test-debug: nothing was run: scripts/vm -k kasan -- true builds a kernel"
exit "$failed"
