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
# shellcheck source-path=SCRIPTDIR source=test.d/module.sh
. "$repo/scripts/test.d/module.sh"
# shellcheck source-path=SCRIPTDIR source=test.d/workers.sh
. "$repo/scripts/test.d/workers.sh"

help()
{
	cat <<-END
	Usage: scripts/matrix.sh [-f | -s] [-r] [NAME...]
	       scripts/matrix.sh -p

	Build the module for each kernel of scripts/test.d/matrix, run the tests that it names
	in VMs, all or those of these names, and print what passed where. Exit status: 0 if
	something was run and nothing failed, else 1.

	 -f           all tests in VMs everywhere, and not only those that are named there
	 -s           a short dose: the tests of the group short there, in one VM each, as many
	              at a time as there are CPUs
	 -r           only tests that failed when they ran last, or did not run
	 -p           publish what came of each test when it ran last, which is in build/matrix:
	              into Documentation/kernels.md, and README's list. What those have of the same
	              module stays, where nothing ran here.
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

# With all warnings, by its own compiler and by clang. Once for each kernel and state of the
# sources: sets gcc and clang.
build_by_all()
{
	local memo built

	memo=$results/built/$release-$(cd "$repo" && find "${module_sources[@]}" \
		scripts/test.d/clang.sh -type f | sort | xargs cat | sha256sum | cut -c 1-16)

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

# What a configuration is to run: sets list
wanted_tests()
{
	local words=() test short

	for short in "short-$name" "short-${kernel##*-}" short; do
		! grep -q "^$short: " "$configurations" || break
	done
	# shellcheck disable=SC2086 # words
	case $dose in
	full) read -r -a list <<< "$("$repo/scripts/test.sh" -n -k "$kernel")" ;;
	short) read -r -a list <<< "$(tests_of "$short")" ;;
	*) read -r -a list <<< "$(tests_of $tests)" ;;
	esac
	[[ $again ]] || return
	words=("${list[@]}") list=()
	for test in "${words[@]}"; do
		passed_last "$test" || list+=("$test")
	done
}

passed_last() { [[ -s $results/$name/$1 ]] && ! head -n 1 "$results/$name/$1" | grep -q FAILED; }

# Takes apart what test.sh says: leaves in results/NAME/ a file of each test, and in .failed what
# it says once more at the end; says all but that and the last line, which is the sum.
keep_results()
{
	local line file='' report="^($kernel )?"'([[:alnum:]_. ]*[^ ]) +[0-9]+ passed(, [0-9]+ FAILED)?(, [0-9]+ skipped)?  \([0-9.]+ s\)$'

	while IFS= read -r line; do
		if [[ $line =~ $report ]]; then
			file=$results/$name/${BASH_REMATCH[2]}
			: > "$file"
		elif [[ $line == 'failed: '* ]]; then
			file=$results/$name/.failed
		elif [[ $line =~ ^[0-9]+\ passed,\ [0-9]+\ failed,\ [0-9]+\ skipped$ ]]; then
			continue
		fi
		[[ -z $file ]] || echo "$line" >> "$file"
		[[ $file == */.failed ]] || echo "$line"
	done
}

# Runs the tests of $name.
run()
{
	local kernel cpus words tests release="?" gcc=- clang=- list=() began=$SECONDS
	local passed=0 failed=0 kernel_make image modules test

	configuration
	wanted_tests
	if [[ $again ]]; then
		# What is no test, but was said to have failed, as the VM itself
		for test in "$results/$name"/*\ *; do
			rm -f "$test"
		done
		((${#list[@]})) || return
	else
		rm -rf "${results:?}/$name"
	fi
	mkdir -p "$results/$name" || exit 1
	rm -f "$results/$name/.failed"
	for test in "${list[@]}"; do
		rm -f "$results/$name/$test"
	done
	if (kernel_find "$kernel"); then
		kernel_find "$kernel"
		echo "== $name: $release, $cpus CPUs${words:+, $words}"
		# It takes as long as the short dose's tests do.
		[[ $dose == short ]] || build_by_all
		"$tree/scripts/test.sh" -k "$kernel" -c "$cpus" -a "$words" "${list[@]}" | keep_results
	fi
	module_commit > "$results/$name/.commit"
	echo "$name|$release|$cpus|$words|$tests|$gcc|$clang|$((SECONDS - began))" > "$results/$name/.result"
}

# A worker of the short dose, with sources and builds of its own, which begin with what is built
# already
short_worker() # NUMBER
{
	local i name tree=$results/tree.$1

	mkdir -p "$tree" && rsync -a --delete --exclude /build --exclude /.git "$repo/" "$tree" || return
	[[ -e $tree/build ]] ||
		{ rsync -a --exclude={/matrix,/test-debug,/coverage,/fuzzers} "$repo/build/" "$tree/build.tmp" &&
		  mv "$tree/build.tmp" "$tree/build"; } || { say "$repo/build: cannot be copied"; return 1; }
	while i=$(next_job) && ((i < ${#wanted[@]})); do
		name=${wanted[i]}
		say "$name"
		run > "$results/said.$1" 2>&1
		# In one piece: others print, too.
		flock "$queue" cat "$results/said.$1"
	done
}

# Sets line to what is known of $name; its tests' sums are the last three.
result_of() # NAME
{
	local sums list name=$1 kernel cpus words tests test

	IFS='|' read -r -a line < "$results/$name/.result"
	configuration
	wanted_tests
	read -r -a sums <<< "$(head -q -n 1 "$results/$name"/* | awk '
		{ for (i = 2; i <= NF; i++) sum[$i] += $(i - 1) }
		END { print sum["passed"] + sum["passed,"], sum["FAILED"] + sum["FAILED,"], sum["skipped"] + 0 }')"
	for test in "${list[@]}"; do
		[[ -s $results/$name/$test ]] || sums[1]=$((sums[1] + 1))	# did not run
	done
	# That the module does not build without a warning is a failure, too.
	[[ ${line[5]} != NO ]] || sums[1]=$((sums[1] + 1))
	[[ ${line[6]} != NO ]] || sums[1]=$((sums[1] + 1))
	line+=("${sums[@]}")
}

# What the results of these names say, as columns
table()
{
	local name line format='%-13s %-24s %4s %-13s %-3s %-5s %6s %6s %7s %7s\n'

	# shellcheck disable=SC2059 # a format
	printf "$format" CONFIGURATION KERNEL CPUS WORDS GCC CLANG PASSED FAILED SKIPPED SECONDS
	for name; do
		result_of "$name"
		# shellcheck disable=SC2059
		printf "$format" "${line[@]:0:3}" "${line[3]:--}" "${line[@]:5:2}" "${line[@]:8:3}" "${line[7]}"
	done
}

# What is published of $name: a row, what passed of each test, and why something was skipped; each
# is one line, by whose beginning it is found again.
publish_row()
{
	local line

	result_of "$name"
	printf '| %s ' "${line[@]:0:4}" "${line[@]:5:2}" "${line[@]:8:3}" "${dose:-all}" "$(<"$results/$name/.commit")"
	echo '|'
}

publish_tests()
{
	echo "- $name: $(head -q -n 1 "$results/$name"/* | awk -v kernel="$kernel" '
		{ match($0, / +[0-9]+ passed/); name = substr($0, 1, RSTART - 1); passed = 0
		  sub("^" kernel " ", "", name)
		  for (i = 2; i <= NF; i++) if ($i ~ /^passed/) passed = $(i - 1)
		  printf "%s%s %s", (NR > 1 ? ", " : ""), name,
			/ FAILED/ ? "**failed**" : passed ? passed : "skipped" }')"
}

publish_skips()
{
	local reasons

	reasons=$(cat "$results/$name"/* |
		sed -n 's/^    skipped: .*# SKIP *//p; t; s/^    skipped: *//p' |
		sed 's/ ([0-9]* times)$//; s/^[^:]*: //' | sort -u | sed ':a; N; $!ba; s/\n/; /g')
	[[ -z $reasons ]] || echo "- $name, skipped: $reasons"
}

# What is there already of $name and $dose, which did not run here
publish_kept() # FILE
{
	local row

	row=$(grep -s "^| $name |.*| ${dose:-all} | [^|]* |\$" "$1") && module_same "$(awk -F '[ |]+' '{ print $(NF - 1) }' <<< "$row")" || return
	rows+=("$row")
	mapfile -t -O ${#tests_lines[@]} tests_lines < <(grep -F -- "- $name: " "$1")
	mapfile -t -O ${#skips_lines[@]} skips_lines < <(grep -F -- "- $name, skipped: " "$1")
}

# What ran here of $name and $dose, or was published of them
publish_one() # FILE
{
	local results=$results${dose:+/$dose}

	if [[ ! -s $results/$name/.result ]] || ! module_same "$(<"$results/$name/.commit")"; then
		publish_kept "$1"
		return
	fi
	rows+=("$(publish_row)")
	tests_lines+=("$(publish_tests)")
	mapfile -t -O ${#skips_lines[@]} skips_lines < <(publish_skips)
}

# Into Documentation and README, and of the short dose what did not run whole. What is there
# of the same module stays, where nothing ran here; what did not run at all is named.
publish()
{
	local name rows=() tests_lines=() skips_lines=() not_run=() file=$repo/Documentation/kernels.md
	local kernel cpus words tests text mark='<!-- what scripts/matrix.sh -p writes -->'

	for name in $(names); do
		configuration
		dose='' publish_one "$file" || dose=short publish_one "$file" || not_run+=("$name")
	done
	((${#rows[@]})) || { say "nothing ran yet; first: scripts/matrix.sh"; exit 1; }
	text="| configuration | kernel | CPUs | on its command line | gcc | clang | passed | failed | skipped | tests | commit |
|---|---|---|---|---|---|---|---|---|---|---|
$(printf '%s\n' "${rows[@]}")"
	((!${#not_run[@]})) || text+=$'\n\n'"Not run: ${not_run[*]}."
	{
		cat <<-END
		# What passed on which kernel

		Written by \`scripts/matrix.sh -p\` from runs of \`scripts/matrix.sh\` in [VMs](testing.md#kernels),
		with emulated CPUs. *gcc*, *clang*: the module builds without a warning, with W=1; -: it was
		not tried, as that compiler and the headers do not fit, or for a short dose. *tests*: all of its line,
		or the short dose. *commit*: at which the module became what ran: \`git diff COMMIT -- module\` says what is new.

		$text

		What each configuration is for says [scripts/test.d/matrix](../scripts/test.d/matrix).

		## Test by test

		So many cases passed, where all did. Those of x86 skip themselves elsewhere.

		$(printf '%s\n' "${tests_lines[@]}")

		## What was skipped

		$(printf '%s\n' "${skips_lines[@]}")
		END
	} > "$results/kernels.md" &&
	mv "$results/kernels.md" "$file" &&
	awk -v mark="$mark" -v text="$text" '
		$0 == mark { inside = !inside; print; if (inside) print "\n" text "\n"; next }
		!inside' "$repo/README.md" > "$results/README.md" &&
	cp "$results/README.md" "$repo/README.md"
}

main()
{
	local option chosen='' dose='' again='' publish='' name wanted=() tree=$repo queue line
	local kernel cpus words tests arm64=() passed=0 failed=0 skipped=0

	[[ ${1-} != --help ]] || set -- -h
	while getopts :frsph option; do
		case $option in
		f) dose=full ;;
		r) again=yes ;;
		s) dose=short ;;
		p) publish=yes ;;
		h) help; exit 0 ;;
		*) usage "no option -$OPTARG" ;;
		esac
		[[ $option != [fsp] || $chosen == *$option* ]] || chosen+=$option
	done
	[[ ! $publish || ! $again ]] || chosen=rp
	((${#chosen} < 2)) || usage "-${chosen:0:1} and -${chosen:1:1}: one or the other"
	shift $((OPTIND - 1))
	((!$#)) || [[ ! $publish ]] || usage "-p publishes what there is"
	for name; do
		names | grep -qxF -- "$name" || usage "$name: no such name"
	done
	wanted=("$@")
	((${#wanted[@]})) || mapfile -t wanted < <(names)
	if [[ $publish ]]; then
		publish
		exit
	fi

	for name in "${wanted[@]}"; do
		configuration
		[[ $kernel != *-arm64 ]] || arm64=(arm64)
	done
	# What the others found stays.
	[[ $dose != short ]] || results+=/short
	queue=$results/queue
	"$repo/scripts/setup.sh" --check build vm test "${arm64[@]}" || exit 1
	mkdir -p "$results/built" "$cache/kernels" || exit 1
	if [[ $dose == short ]]; then
		# What one has not done may have results of an earlier run.
		work "$(least "$(nproc)" ${#wanted[@]})" short_worker || failed=1
	else
		for name in "${wanted[@]}"; do
			run
		done
	fi
	again=''
	table "${wanted[@]}"
	for name in "${wanted[@]}"; do
		result_of "$name"
		[[ ! -e $results/$name/.failed ]] || sed "s/^failed: /&$name: /" "$results/$name/.failed"
		passed=$((passed + line[8])) failed=$((failed + line[9])) skipped=$((skipped + line[10]))
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	((!failed && passed)) || exit 1
}

main "$@"
