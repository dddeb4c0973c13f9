#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make test-matrix`: builds the module for other kernels and runs the tests on them,
# with other numbers of CPUs and other preemption. What is run: test.d/matrix.

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
home=~	# right without HOME, too
cache=${XDG_CACHE_HOME:-$home/.cache}/syscount
configurations=$repo/scripts/test.d/matrix
results=$repo/build/matrix
readonly EX_USAGE=2 EX_VM=125
# shellcheck source-path=SCRIPTDIR source=vm.d/kernel.sh
. "$repo/scripts/vm.d/kernel.sh"
# shellcheck source-path=SCRIPTDIR source=vm.d/kernel-fetch.sh
. "$repo/scripts/vm.d/kernel-fetch.sh"
# shellcheck source-path=SCRIPTDIR source=test.d/clang.sh
. "$repo/scripts/test.d/clang.sh"

help()
{
	cat <<-END
	Usage: scripts/matrix.sh [-f] [NAME...]
	       scripts/matrix.sh -p

	Build the module for each kernel of scripts/test.d/matrix, run the tests that it names
	in VMs, all or those of these names, and print what passed where. Exit status: 0 if
	something was run and nothing failed, else 1.

	 -f           all tests in VMs everywhere, and not only those that are named there
	 -p           publish what earlier runs have left in build/matrix: into
	              Documentation/kernels.md, and README's list
	 -h           this text

	Names:
	    $(names | xargs)
	END
}

say() { echo "matrix: $*" >&2; }

# What vm.d/kernel.sh calls
die()
{
	say "$1: $2${3:+ ($3)}"
	exit "$EX_VM"
}

usage()
{
	say "$1 (-h lists the options)"
	exit "$EX_USAGE"
}

names() { sed -n 's/^\([^#| ][^| ]*\) *|.*/\1/p' "$configurations"; }

# Sets kernel, cpus, words and tests to what the line of $name says.
configuration()
{
	local line

	line=$(grep "^$name *|" "$configurations")
	IFS='|' read -r _ kernel cpus words tests <<< "$line"
	read -r kernel <<< "$kernel"
	read -r cpus <<< "$cpus"
	read -r words <<< "$words"
	read -r tests <<< "$tests"
}

# The tests of groups; what is no group is a test.
tests_of() # GROUP|NAME...
{
	local group list

	for group; do
		list=$(sed -n "s/^$group: //p" "$configurations")
		echo "${list:-$group}"
	done | xargs
}

# build COMPILER WORD...: without a warning; sets built to what comes of it
build()
{
	local compiler=$1

	if make -s -C "$repo" module BUILD="$results/build/$compiler" KVER="$release" \
			"${kernel_make[@]}" CONFIG_DEBUG_INFO_BTF_MODULES= "${@:2}" > "$results/log" 2>&1 && [[ ! -s $results/log ]]; then
		passed=$((passed + 1)) built=yes
		return
	fi
	failed=$((failed + 1)) built=NO
	echo "$release: the module does not build without a warning by $compiler:"
	sed 's/^/    | /' "$results/log"
}

# With all warnings, by its own compiler and by clang. Once for each kernel: sets gcc and clang.
build_by_all()
{
	local memo=$results/built/$release built

	if [[ -e $memo ]]; then
		read -r gcc clang < "$memo"
		return
	fi
	rm -rf "$results/build"
	build gcc W=1 KCFLAGS=-Werror
	gcc=$built
	if [[ " ${kernel_make[*]}" == *" KROOT="* ]]; then
		clang=-	# what fits it is not on this machine
	else
		build clang W=1 "${clang_words[@]}"
		clang=$built
	fi
	echo "$gcc $clang" > "$memo"
}

# Runs the tests of $name, and leaves in results a line of what came of it.
run()
{
	local kernel cpus words tests release gcc clang list=() sums=() line began=$SECONDS
	local passed=0 failed=0 skipped=0 kernel_make image modules

	configuration
	[[ ! $full ]] || tests=all
	# shellcheck disable=SC2086 # words
	[[ $tests == all ]] || read -r -a list <<< "$(tests_of $tests)"
	rm -f "$results/$name".*
	if ! (kernel_find "$kernel"); then
		failed=1 release="?" gcc=- clang=-
	else
		kernel_find "$kernel"
		echo "== $name: $release, $cpus CPUs${words:+, $words}: $tests"
		build_by_all
		while IFS= read -r line; do
			if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
				sums=("${BASH_REMATCH[@]:1}")
			else
				echo "$line"
			fi
		done < <("$repo/scripts/test.sh" -k "$kernel" -c "$cpus" -a "$words" "${list[@]}" |
			 tee "$results/$name.log")
		((${#sums[@]})) || sums=(0 1 0)
		passed=$((passed + sums[0])) failed=$((failed + sums[1])) skipped=$((skipped + sums[2]))
	fi
	echo "$name|$release|$cpus|$words|$tests|$gcc|$clang|$passed|$failed|$skipped|$((SECONDS - began))" \
		> "$results/$name.result"
}

# What the results of these names say, as columns
table()
{
	local name format='%-13s %-24s %4s %-13s %-7s %-3s %-5s %6s %6s %7s %6s\n'

	# shellcheck disable=SC2059 # a format
	printf "$format" CONFIGURATION KERNEL CPUS WORDS TESTS GCC CLANG PASSED FAILED SKIPPED SECONDS
	for name; do
		IFS='|' read -r -a line < "$results/$name.result"
		# shellcheck disable=SC2059
		printf "$format" "${line[0]}" "${line[1]}" "${line[2]}" "${line[3]:--}" "${line[@]:4}"
	done
}

markdown() # NAME...
{
	local name line

	echo "| configuration | kernel | CPUs | on its command line | tests | gcc | clang | passed | failed | skipped |"
	echo "|---|---|---|---|---|---|---|---|---|---|"
	for name; do
		IFS='|' read -r -a line < "$results/$name.result"
		printf '| %s ' "${line[@]:0:10}"
		echo '|'
	done
}

# The reasons of what was skipped, once for each
skips() # NAME...
{
	local name

	for name; do
		sed -n 's/^    skipped: .*# SKIP *//p; t; s/^    skipped: *//p' "$results/$name.log" |
			sed 's/ ([0-9]* times)$//; s/^[^:]*: //' | sort -u | sed "s/^/$name|/"
	done | sort -t '|' -k 2 | awk -F '|' '
		$2 != last { if (last != "") print "- " last ": " where; last = $2; where = $1; next }
		{ where = where ", " $1 }
		END { if (last != "") print "- " last ": " where }'
}

# Into Documentation and README: of all names, so that nothing is left out unseen.
publish()
{
	local name text mark='<!-- what scripts/matrix.sh -p writes -->'

	for name; do
		[[ -s $results/$name.result && -e $results/$name.log ]] || {
			say "$name: not run yet; first: scripts/matrix.sh $name"
			exit 1
		}
	done
	text=$(markdown "$@")
	{
		cat <<-END
		# What passed on which kernel

		Written by \`scripts/matrix.sh -p\` from runs of
		\`scripts/matrix.sh\`, [QEMU](testing.md#kernels) $(qemu-system-x86_64 --version |
			sed -n '1s/.*version \([^ (]*\).*/\1/p'), emulated CPUs. *gcc*, *clang*: the module builds
		without a warning, with W=1; -: it was not tried, as that compiler and the headers do not fit.

		$text

		What a group of tests is, and what each configuration is for, says
		[scripts/test.d/matrix](../scripts/test.d/matrix).

		## What was skipped

		$(skips "$@")
		END
	} > "$results/kernels.md" &&
	mv "$results/kernels.md" "$repo/Documentation/kernels.md" &&
	awk -v mark="$mark" -v text="$text" '
		$0 == mark { inside = !inside; print; if (inside) print "\n" text "\n"; next }
		!inside' "$repo/README.md" > "$results/README.md" &&
	cp "$results/README.md" "$repo/README.md"
}

main()
{
	local option full='' publish='' name wanted=() passed=0 failed=0 skipped=0 line

	[[ ${1-} != --help ]] || set -- -h
	while getopts :fph option; do
		case $option in
		f) full=yes ;;
		p) publish=yes ;;
		h) help; exit 0 ;;
		*) usage "no option -$OPTARG" ;;
		esac
	done
	shift $((OPTIND - 1))
	for name; do
		names | grep -qxF -- "$name" || usage "$name: no such name"
	done
	wanted=("$@")
	((${#wanted[@]})) || mapfile -t wanted < <(names)
	if [[ $publish ]]; then
		publish "${wanted[@]}"
		exit
	fi

	"$repo/scripts/setup.sh" --check build vm test arm64 || exit 1
	mkdir -p "$results" "$cache/kernels" || exit 1
	rm -rf "$results/built" && mkdir "$results/built" || exit 1
	for name in "${wanted[@]}"; do
		run
	done
	table "${wanted[@]}"
	for name in "${wanted[@]}"; do
		IFS='|' read -r -a line < "$results/$name.result"
		passed=$((passed + line[7])) failed=$((failed + line[8])) skipped=$((skipped + line[9]))
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	((!failed && passed)) || exit 1
}

main "$@"
