#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests on the debug kernels, and the long ones: `make test-debug`. What came of them is
# Documentation/test-report.md.

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
# shellcheck source-path=SCRIPTDIR source=test.d/module.sh
. "$repo/scripts/test.d/module.sh"

help()
{
	cat <<-END
	Usage: scripts/test-debug.sh [-s]
	       scripts/test-debug.sh -k KERNEL [-a WORDS] [TEST...]

	Run the tests on the debug kernels, which are built if need be, and write what came of
	them into Documentation/test-report.md. What that has of other tests stays, so it can be
	made piece by piece; each row says which module it is of.

	 -k KERNEL    only these tests and only on this kernel, kasan or kcsan (none: all, and on
	              kasan without WORDS all but those that are to run with kmemleak=on)
	 -a WORDS     words for its command line, as kmemleak=on or syscount_dose=full
	 -s           a fixed short dose, on those of these kernels that are in the cache; the
	              report stays as it is
	 -h           this text
	END
}

# The runs: the kernel, words for its command line, tests (none: all).
# shellcheck disable=SC2034 # $dose names them
short=(
	"kasan||planted signed fail_nth counted_once watch_objects"
	"kcsan||planted counted_once watch_objects"
)
# Those that allocate, which each are followed by a search for leaks
leaky="switching watch_exact watch_exits watch_memory watch_objects watch_cgroup watch_access watch_storm load_unload fail_nth"
# shellcheck disable=SC2034
full=(
	"kasan||"
	"kcsan||"
	"kasan|kmemleak=on|$leaky"
	"kasan|syscount_dose=full|fail_nth load_stress hotplug stress_ng.sh fuzz"
)

# The module and the kernels' sources, as they stand in a row
row_identity()
{
	# shellcheck disable=SC2016 # dpkg-query's
	echo "$module | $(dpkg-query -W -f '${Version}' "$kernel_source")"
}

# A table's row for each test in what scripts/test.sh said, and a line for each that
# says what a test did.
results() # KERNEL WORDS
{
	# shellcheck disable=SC2016 # awk's
	awk -v kernel="$1" -v words="$2" -v of="$(row_identity) | $(module_commit) | $(date -u +%F)" '
	function note(text) { did[++dids] = "- " kernel (words == "" ? "" : " " words) " " name ": " text }
	!/^ / && match($0, / +[0-9]+ passed.*  \([0-9.]+ s\)$/) {
		name = substr($0, 1, RSTART - 1)
		counts = substr($0, RSTART)
		sub(/^ +/, "", counts)
		seconds = counts
		sub(/  \([0-9.]+ s\)$/, "", counts)
		gsub(/^.*\(|\..*$/, "", seconds)
		if (sub("^" kernel " ", "", name) && name == "the VM itself") {
			vm = ", and the VM FAILED"
			name = ""
			next
		}
		row[++rows] = "| " kernel " | " (words == "" ? "-" : words) " | " name " | " counts
		tail[rows] = " | " seconds " | " of " |"
	}
	name != "" && index($0, "    " name ": ") == 1 { note("FAILED: " substr($0, length(name) + 7)) }
	/^    did: / { note(substr($0, 10)) }
	END {
		for (i = 1; i <= rows; i++)
			print row[i] vm tail[i]
		for (i = 1; i <= dids; i++)
			print did[i]
	}'
}

# What the report has of other tests.
kept()
{
	# Their beginnings, up to the test's name; what it did goes with its row.
	sed -n -e 's/^\(| [^|]* | [^|]* | [^|]* | \).*/\1/p' \
		-e 's/^| \([^|]*\) | - | \([^|]*\) | .*/- \1 \2: /p' \
		-e 's/^| \([^|]*\) | \([^|]*\) | \([^|]*\) | .*/- \1 \2 \3: /p' "$out/results" > "$out/keys"
	grep -E '^(\| (kasan|kcsan) |- )' "$report" 2> /dev/null | grep -vFf "$out/keys"
}

# All tests of a kernel; those that it runs with kmemleak=on it need not run without.
all_of() # KERNEL
{
	local test

	for test in $("$repo/scripts/test.sh" -k "$1" -n); do
		[[ $1 == kasan && " $leaky " == *" $test "* ]] || echo "$test"
	done
}

# The tests of a run of all that no row of this module is of
not_run()
{
	local one kernel words tests test none

	for one in "${full[@]}"; do
		IFS='|' read -r kernel words tests <<< "$one"
		none=''
		for test in ${tests:-$(all_of "$kernel")}; do
			grep -q "^| $kernel | ${words:--} | $test | .*| $module | " "$out/kept" || none+=" $test"
		done
		echo "* $kernel${words:+, $words}:${none:- nothing}"
	done
}

write_report()
{
	kept > "$out/kept"
	cat "$out/results" >> "$out/kept"
	cat > "$out/report" <<-END
	# What \`make test-debug\` ran

	The module is \`$module\` now: $(grep -c "^|.* | $module |" "$out/kept") of $(grep -c '^|' "$out/kept") rows are of it. What is new since that of
	another row, \`git diff COMMIT -- module\` says; the tests were those of its day. Of what a run of all would do, this was not run on it:

	$(not_run)

	What those kernels look for is in
	[scripts/vm.d/kernel.config](../scripts/vm.d/kernel.config); a single report of theirs is a
	failure. [testing.md](testing.md) says what each test pins, and what the words do. This is written
	by \`scripts/test-debug.sh\`.

	| kernel | words | test | counts | seconds | module | linux-source-6.1 | its commit | on |
	|---|---|---|---|---|---|---|---|---|
	$(grep '^|' "$out/kept" | LC_ALL=C sort)

	$(grep '^-' "$out/kept" | LC_ALL=C sort -s -t : -k 1,1)
	END
	mv "$out/report" "$report"
	echo "test-debug: $report is written"
}

run() # KERNEL|WORDS|TESTS
{
	local kernel words tests

	IFS='|' read -r kernel words tests <<< "$1"
	[[ $words$tests ]] || tests=$(all_of "$kernel" | xargs)
	echo "test-debug: on $kernel${words:+ ($words)}: ${tests:-all tests}"
	# shellcheck disable=SC2086 # words
	"$repo/scripts/test.sh" -k "$kernel" -a "$words" $tests 2>&1 | tee "$out/log"
	((!PIPESTATUS[0])) || failed=1
	results "$kernel" "$words" < "$out/log" > "$out/results"
	# It may have got nowhere.
	[[ $dose == short || ! -s $out/results ]] || write_report
	ran=1
}

dose=full kernel='' words=''
while getopts k:a:sh option; do
	case $option in
	k) kernel=$OPTARG ;;
	a) words=$OPTARG ;;
	s) dose=short ;;
	h) help; exit 0 ;;
	*) help >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [[ ! $kernel && $words$* || $kernel && $dose == short ]]; then
	help >&2
	exit 2
elif [[ $kernel ]]; then
	[[ $kernel == kasan || $kernel == kcsan ]] ||
		{ echo "test-debug: -k $kernel: neither kasan nor kcsan" >&2; exit 2; }
	"$repo/scripts/test.sh" -k "$kernel" -n "$@" > /dev/null || exit 2
fi
mkdir -p "$out" || exit
failed=0 ran=0 module=$(module_identity)
declare -n of_dose=$dose
runs=("${of_dose[@]}")
[[ ! $kernel ]] || runs=("$kernel|$words|$*")
for one in "${runs[@]}"; do
	if [[ $dose == short ]] && ! kernel_built "${one%%|*}"; then
		echo "test-debug: the kernel ${one%%|*} is not in the cache, so this is left out: $one"
		continue
	fi
	run "$one"
done
((ran)) || echo "test-debug: nothing was run: scripts/vm -k kasan -- true builds a kernel"
exit "$failed"
