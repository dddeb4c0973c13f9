#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make coverage`: what of the module the tests in VMs reach. Debian's kernels do not let a module
# count that: one that is built for it does, which has failing allocations besides.

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
home=~	# right without HOME, too
cache=${XDG_CACHE_HOME:-$home/.cache}/syscount
out=$repo/build/coverage
kernel=gcov
readonly EX_USAGE=2 EX_VM=125
# shellcheck source-path=SCRIPTDIR source=vm.d/kernel.sh
. "$repo/scripts/vm.d/kernel.sh"
# shellcheck source-path=SCRIPTDIR source=vm.d/kernel-build.sh
. "$repo/scripts/vm.d/kernel-build.sh"
# shellcheck source-path=SCRIPTDIR source=test.d/module.sh
. "$repo/scripts/test.d/module.sh"

help()
{
	cat <<-END
	Usage: scripts/coverage.sh [-k KERNEL] [NAME...]
	       scripts/coverage.sh [-k KERNEL] -r | -p

	Run the tests in VMs, or those of these names (see scripts/test.sh -h), on the kernel
	$kernel, which is built when it is first asked for, and print what of the module they
	reach, together with those that ran before on the same build of it, and what they do
	not and why. Exit status: 0 if the tests passed, enough is reached, and what is not has
	a reason in selftests/coverage/uncovered.

	 -k   another kernel: kasan, which looks for faults, and takes ten times as long
	 -r   run nothing, and print what earlier runs found
	 -p   publish that: in Documentation/testing.md
	 -h   this text
	END
}

say() { echo "coverage: $*" >&2; }

usage()
{
	say "$1 (-h lists the options)"
	exit "$EX_USAGE"
}

# What vm.d/kernel.sh calls
die()
{
	say "$1: $2${3:+ ($3)}"
	exit "$EX_VM"
}

# Other machines than the usual one for a test: words for the kernel's command line, and tests.
others=(
	# Several CPUs whose cycles are trusted, as real ones
	"tsc=reliable|watch_exits watch_objects"
)

# Each VM's counts to those of VMs before it. They are of one build of the module, or are none.
gather()
{
	local from=$repo/build/selftests/install/coverage vm sum

	sum=$(sha256sum < "$built/syscount.ko")
	[[ -e $out/sum && $(<"$out/sum") == "$sum" ]] || rm -rf "$out"
	mkdir -p "$out" && echo "$sum" > "$out/sum" || return
	for vm in "$from"/*/; do
		[[ -d $vm ]] || { say "no VM has counted"; return 1; }
		rm -rf "$out/merged"
		if [[ ! -d $out/data ]]; then
			cp -r "$vm" "$out/merged" || return
		elif ! gcov-tool merge "$out/data" "$vm" -o "$out/merged" > "$out/log" 2>&1; then
			cat "$out/log" >&2
			return 1
		fi
		rm -rf "$out/data" && mv "$out/merged" "$out/data" || return
	done
	rm -rf "$from"
}

run() # WORDS TEST...
{
	VM_COVERAGE=y "$repo/scripts/test.sh" -k "$kernel" -a "$1" "${@:2}" || status=1
	gather || exit 1
}

# By gcovr, which wants counts and notes where the compiler had them. Headers of the kernel are named as
# from its directory; which is not worked in, as nothing is to be written in the cache.
summarise()
{
	local tree=$out/tree part

	mkdir -p "$tree" && cp "$out/data"/*.gcda "$built/module/" || return
	for part in include arch; do
		ln -sfn "${modules%/modules}/build/$part" "$tree/$part"
	done
	(cd "$tree" && gcovr -r "$built" -f "$built/module/" --object-directory="$tree" --json \
		-o "$out/coverage.json" "$built/module") > "$out/log" 2>&1 && return
	cat "$out/log" >&2
	return 1
}

report() { "$repo/selftests/coverage/report.py" "$@" "$out/coverage.json" "$built" "$repo/selftests/coverage/uncovered"; }

# Between two marks in Documentation/testing.md
publish()
{
	local mark='<!-- what scripts/coverage.sh -p writes -->' text

	text=$(echo "The module of commit $(module_commit), Linux $release:"; echo
		report -m) || return
	awk -v mark="$mark" -v text="$text" '
		$0 == mark { inside = !inside; print; if (inside) print "\n" text "\n"; next }
		!inside' "$repo/Documentation/testing.md" > "$out/testing.md" &&
	cp "$out/testing.md" "$repo/Documentation/testing.md"
}

nothing()
{
	say "nothing was run yet"
	exit 1
}

main()
{
	local option run=yes publish='' status=0 other release modules built
	# shellcheck disable=SC2034 # kernel_find's, too
	local image arch kernel_make

	[[ ${1-} != --help ]] || set -- -h
	while getopts k:rph option; do
		case $option in
		k) kernel=$OPTARG ;;
		r) run='' ;;
		p) run='' publish=yes ;;
		h) help; exit 0 ;;
		*) help >&2; exit "$EX_USAGE" ;;
		esac
	done
	shift $((OPTIND - 1))
	[[ $kernel == gcov || $kernel == kasan ]] || usage "-k $kernel: neither gcov nor kasan"
	((!$#)) || [[ $run ]] || usage "$*: no tests are run with -r or -p"
	((!$#)) || "$repo/scripts/test.sh" -k "$kernel" -n "$@" > /dev/null || exit "$EX_USAGE"
	"$repo/scripts/setup.sh" --check build vm test coverage || exit 1
	[[ $run ]] || kernel_built "$kernel" || nothing
	mkdir -p "$cache/kernels" || exit 1
	kernel_find "$kernel"
	built=$repo/build/$release-coverage
	if [[ $run ]]; then
		(($#)) || rm -rf "$out"
		run "" "$@"
		if ((!$#)); then
			for other in "${others[@]}"; do
				# shellcheck disable=SC2086 # words
				run "${other%|*}" ${other#*|}
			done
		fi
		summarise || exit 1
	fi
	[[ -e $out/coverage.json ]] || nothing
	if [[ $publish ]]; then
		publish
		exit
	fi
	report || status=1
	exit "$status"
}

main "$@"
