#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzzes the command's parsers, in memory: `make fuzz`.

set -u
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..") || exit 1
build=$repo/build/fuzzers
here=$repo/selftests/fuzzers
seconds=${FUZZ_SECONDS:-120}
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1

help()
{
	cat <<-END
	Usage: [FUZZ_SECONDS=N] selftests/fuzzers/fuzz.sh [NAME...]

	Run each fuzzer, of: ${all[*]}
	on its corpus and its regressions, which broke it once, and then on inputs of its own making, for N seconds in all (default
	120; 0: the corpus alone). Exit status 1 if an input breaks one; that is kept in
	build/fuzzers, and runs again with: build/fuzzers/NAME FILE

	 -m    take what is new into the corpus, and out of it what tells nothing
	 -h    this text
	END
}

# The inputs of the fuzzer's own making are kept for the next time.
fuzz() # NAME SECONDS
{
	local name=$1 log=$build/$1.log found=$build/$1.found runs
	local options=(-timeout=60 "-artifact_prefix=$build/$1-")
	local known=("$here/corpus/$1" "$here/regressions/$1")

	mkdir -p "$found"
	[[ $name != @(snapshot|show) ]] || options+=(-dict="$here/json.dict")
	if nice "$build/$name" -runs=0 "${options[@]}" "${known[@]}" > "$log" 2>&1 &&
		{ (($2 == 0)) || nice "$build/$name" -max_total_time="$2" -max_len=8192 \
			"${options[@]}" "$found" "${known[@]}" > "$log" 2>&1; }
	then
		runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
		echo "fuzz: $name: ok, $runs inputs"
	else
		echo "fuzz: $name: FAILED"
		touch "$build/$name.failed"
		return 1
	fi
}

# At the end, where who reads a log looks first, and with the input itself: the machine that
# found it may be gone.
report() # NAME
{
	local input

	echo "fuzz: $1: what broke, of $build/$1.log:"
	grep -a -m 20 -E 'does not hold|it said|ERROR:|runtime error|SUMMARY|^ +#[0-9]' \
		"$build/$1.log" | sed 's/^/    /'
	input=$(sed -n 's/.*Test unit written to //p' "$build/$1.log")
	[[ -f $input ]] || return 0
	echo "fuzz: its input, to be had back by: base64 -d | xz -d > FILE"
	xz -9 < "$input" | base64 -w 100 | sed 's/^/    /'
}

# No more than it takes to reach what all of them reach.
merge() # NAME
{
	local small=$build/$1.small

	rm -rf "$small"
	mkdir "$small" &&
		"$build/$1" -set_cover_merge=1 -max_len=1200 "$small" "$here/corpus/$1" "$build/$1.found" \
			> "$build/$1.log" 2>&1 &&
		rm -rf "$here/corpus/$1" && mv "$small" "$here/corpus/$1"
}

read -r -a all <<< "$(sed -n 's/^FUZZERS.*:= //p' "$here/Makefile")"
action=fuzz
case ${1-} in
-h | --help) help; exit 0 ;;
-m) action=merge; shift ;;
-*) help >&2; exit 2 ;;
esac
(($#)) || set -- "${all[@]}"
for name; do
	[[ " ${all[*]} " == *" $name "* ]] ||
		{ echo "fuzz: no fuzzer '$name'; there are: ${all[*]}" >&2; exit 2; }
done
[[ $seconds =~ ^[0-9]+$ ]] ||
	{ echo "fuzz: FUZZ_SECONDS: '$seconds' is not a number of seconds" >&2; exit 2; }
cpus=$(nproc)
mkdir -p "$build"
make -s -j "$cpus" -C "$here" O="$repo/build" > "$build/log" 2>&1 ||
	{ cat "$build/log"; echo "fuzz: FAILED: it does not build"; exit 1; }
# As many at a time as there are CPUs, each with its part of the time.
export -f fuzz merge
export build here
rm -f "$build"/*.failed
status=0
printf '%s\n' "$@" | xargs -P "$cpus" -I{} bash -c "$action {} $((seconds * cpus / $#))" || status=1
for name; do
	[[ ! -e $build/$name.failed ]] || report "$name"
done
((status == 0))
