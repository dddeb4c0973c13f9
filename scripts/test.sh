#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # jobs are called by their names
# Runs the tests: those of selftests/ in VMs, by the kernel's own kselftest, and
# those that need no module on this machine.

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
home=~	# right without HOME, too
cache=${XDG_CACHE_HOME:-$home/.cache}/syscount
log=$repo/build/selftests/log
# shellcheck disable=SC2034 # ktap.sh's
print_lock=$repo/build/selftests/print.lock
# shellcheck disable=SC2034 # ktap.sh's
recap=$repo/build/selftests/failed
# shellcheck source-path=SCRIPTDIR source=test.d/ktap.sh
. "$repo/scripts/test.d/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=test.d/workers.sh
. "$repo/scripts/test.d/workers.sh"
# shellcheck source-path=SCRIPTDIR source=vm.d/kernel.sh
. "$repo/scripts/vm.d/kernel.sh"

# Tests on this machine, and how long they may take.
declare -A host=(
	[command]=selftests/command/run.sh
	[sanitized]=selftests/command/sanitized.sh
	[disarm]=selftests/disarm.sh
	[clock]=selftests/clock.sh
	[ftrace]=selftests/ftrace.sh
	[hookless]=selftests/hookless.sh
	[packaging]=selftests/packaging.sh
	[planted]=selftests/planted/planted.sh
	[signed]=selftests/signed.sh
	[runner]=selftests/runner.sh
	[published]=selftests/published.sh
	[syzlang]=selftests/syzlang.sh
	[vm]=scripts/vm.d/selftest.sh
)
host_order=(command sanitized packaging vm published runner hookless ftrace clock syzlang)
host_limit=600
# Of debug kernels, and of the one where a bad use of memory is seen
host_debug=(planted signed)
host_kasan=(disarm)
# They are given which kernel.
host_kernel=(hookless "${host_debug[@]}" "${host_kasan[@]}")

# Tests that count instructions have a VM of their own; of the others so many share one.
icount=(cost watch_cost)
tests_a_vm=5
vm_limit=3000

# Debug kernels, and one for coverage: how many times longer all takes there, where instructions are
# not those that people run.
debug_kernels=(kasan kcsan)
declare -A slowness=([kasan]=10 [kcsan]=10 [gcov]=5)
# Tests that need allocations to fail; long ones.
faults_only=(fail_nth)
fault_kernels=(kasan gcov)
debug_only=(load_stress hotplug stress_ng.sh)

help()
{
	cat <<-END
	Usage: scripts/test.sh [-k KERNEL] [-c CPUS] [-a WORDS] [-n] [NAME...]

	Run all tests, or those of these names, and print how many cases passed. Exit
	status: 0 if something was run and nothing failed, else 1; 2 for a wrong option or name.

	 -k KERNEL    what scripts/vm -k takes: without names, the tests in VMs only
	 -c CPUS      of the VMs, but for those that count instructions (default 4)
	 -a WORDS     more words for the kernel's command line
	 -n           name those that would be run, and run none
	 -h           this text

	Names:
	    ${host_order[*]}
	    $(list_of)
	    ${host_debug[*]} (-k ${debug_kernels[0]} or ${debug_kernels[1]})
	    ${host_kasan[*]} (-k kasan)
	END
}

say() { echo "test: $*" >&2; }

# What vm.d/kernel.sh calls, too
usage()
{
	say "$1 (-h lists the options)"
	exit 2
}

# Sets where the tests are built, and what with, if not by this machine's own compiler.
places()
{
	local dir=$repo/build/selftests

	cross=''
	if [[ $kernel == *-arm64 ]]; then
		dir+=/arm64 cross=aarch64-linux-gnu-
	fi
	tree=$dir/tree install=$dir/install
	collection=$tree/tools/testing/selftests/syscount
}

# The names in selftests/Makefile, as kselftest wants them.
list_of()
{
	sed -n 's/^TEST_\(GEN_\)\?PROGS [+:]= //p' "$repo/selftests/Makefile" | tr '\n' ' '
}

in_list() # WORD LIST...
{
	local word=$1

	shift
	[[ " $* " == *" $word "* ]]
}

# Without names: has it no meaning on this kernel?
is_left_out() # NAME
{
	local list=("${debug_only[@]}")

	((slow == 1)) || list=("${icount[@]}")
	in_list "$kernel" "${fault_kernels[@]}" || list+=("${faults_only[@]}")
	in_list "$1" "${list[@]}"
}

# What failed is last: of a long output the end is what is seen.
done_with()
{
	cat "$recap"
	echo "$passed passed, $failed failed, $skipped skipped"
	((!failed && passed)) || exit 1
	exit 0
}

# The framework, out of Debian's package of the kernel's sources.
framework()
{
	local package=linux-source-6.1 version dir tmp
	local files=(tools/testing/selftests/{Makefile,lib.mk,run_kselftest.sh}
		     tools/testing/selftests/{kselftest.h,kselftest_harness.h}
		     tools/testing/selftests/kselftest/{module.sh,prefix.pl,runner.sh}
		     scripts/subarch.include)

	version=$(dpkg-query -W -f '${Version}' "$package") || return
	dir=$cache/kselftest/$version
	if ! (cd "$dir" && sha256sum --status -c sum) 2> /dev/null; then
		say "unpacking the kernel's kselftest (once)"
		rm -rf "$dir" "$dir".*
		mkdir -p "$cache/kselftest" && tmp=$(mktemp -d "$dir.XXXXXX") &&
		tar -C "$tmp" --strip-components=1 -xJf "/usr/src/$package.tar.xz" \
			"${files[@]/#/$package/}" &&
		(cd "$tmp" && sha256sum "${files[@]}" > sum) && mv -T "$tmp" "$dir" || return
	fi
	mkdir -p "$tree" && (cd "$dir" && cp --parents -p "${files[@]}" "$tree")
}

kselftest()
{
	make -s -j "$(nproc)" ${cross:+CROSS_COMPILE="$cross"} -C "$tree/tools/testing/selftests" TARGETS=syscount FORCE_TARGETS=1 \
		SYSCOUNT_TOP="$repo" KSFT_INSTALL_PATH="$install" "$@"
}

# Tests that do not build fail, and the others run.
build_tests() # NAME...
{
	local test without=()

	rsync -a "$repo/selftests/" "$collection" || return
	if ! kselftest -k all > "$log" 2>&1; then
		say "not all tests build:"
		cat "$log"
	fi
	built=()
	for test; do
		if [[ -x $collection/$test ]] && compgen -G "$repo/selftests/$test*" > /dev/null; then
			built+=("$test")
		else
			test_missing "$test" "it is not there, or does not build"
		fi
	done
	for test in $(list_of); do
		in_list "$test" "${built[@]}" || without+=("$test")
	done
	rm -rf "$install"
	kselftest WITHOUT="${without[*]}" install > "$log" 2>&1 &&
		cp "$repo/scripts/test.d/guest.sh" "$repo/scripts/vm.d/judge.sh" "$install/"
}

# What guest.sh says, as it comes.
guest_line()
{
	case $1 in
	'## start '*) test_begin "${1#\#\# start }" ;;
	'## fault '*) test_fault "${1#\#\# fault }" ;;
	'## end '*) test_end; name='' ;;
	'## vm '*) vm_status=${1#\#\# vm } ;;
	"ok 1 selftests: syscount: $name") test_ended 0 ;;
	"ok 1 selftests: syscount: $name # SKIP") test_ended 4 ;;
	"not ok 1 selftests: syscount: $name # exit="*) test_ended "${1##*exit=}" ;;
	"not ok 1 selftests: syscount: $name # TIMEOUT"*) test_ended 124 ;;
	"# selftests: syscount: $name" | 'TAP version 13' | 1..1 | '') ;;
	'# '*) test_line "${1#\# }" ;;
	*) [[ -z $name ]] || test_line "#${1#\#}" ;;
	esac
}

# boot WORDS... -- NAME...: one VM for these tests
boot()
{
	local options=() line seen=()

	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	(($#)) || return
	name='' vm_status='' where=$kernel
	say "in a VM: $*"
	! in_list neighbours "$@" || local -x VM_TEST_MODULES=neighbour
	# Shared, since the VM has its own /tmp and perhaps we are there.
	while IFS= read -r line; do
		[[ $line != '## start '* ]] || seen+=("${line#\#\# start }")
		guest_line "$line"
	done < <("$repo/scripts/vm" ${kernel:+-k "$kernel"} "${options[@]}" -s "$install" -- \
			/host/guest.sh /host "$@" 2> "$log"
		 code=$?; echo; echo "## vm $code")
	if [[ $name ]]; then
		test_fault "the VM ended while it ran"
		test_end
	fi
	for name; do
		in_list "$name" "${seen[@]}" || test_missing "$name" "it did not run"
	done
	if [[ $vm_status != 0 ]]; then
		test_begin "the VM itself"
		mapfile -t lines < "$log"
		status=0
		test_fault "scripts/vm ended with status $vm_status"
		test_end
	fi
	# shellcheck disable=SC2034 # ktap.sh's
	where=''
}

host_test() # NAME
{
	local line code=1 program=$repo/${host[$1]} arguments=()

	if [[ ! -x $program ]]; then
		test_missing "$1" "${host[$1]} is not there"
		return
	fi
	! in_list "$1" "${host_kernel[@]}" || arguments=(${kernel:+"$kernel"})
	say "here: $1"
	test_begin "$1"
	while IFS= read -r line; do
		case $line in
		'## status '*) code=${line#\#\# status } ;;
		*) test_line "$line" ;;
		esac
	# timeout leaves our process group: it must not outlive us all the same.
	done < <(setpriv --pdeathsig TERM timeout -k 5 $((host_limit * slow)) \
			"$program" "${arguments[@]}" < /dev/null 2>&1
		 code=$?; echo; echo "## status $code")
	test_ended "$code"
	test_end
}

boot_cpus()
{
	boot -c "$cpus" -t $((vm_limit * slow)) \
		-a "syscall.x32=y vsyscall=emulate slab_nomerge syscount_slow=$slow $append" -- "$@"
}

# Their clock goes ahead while they wait for this machine, which may be slow: theirs are no limits.
boot_icount() { boot -i -t 1200 -a "syscall.x32=y syscount_slow=1000 $append" -- "$@"; }

worker() # NUMBER
{
	local i

	log+=.$1
	while i=$(next_job) && ((i < ${#jobs[@]})); do
		# shellcheck disable=SC2086 # words
		${jobs[i]}
	done
	echo "$passed $failed $skipped" > "$totals.$1"
}

# All jobs, as many at a time as there are CPUs: a VM keeps one of them busy.
do_jobs()
{
	local workers worker sums

	queue=$repo/build/selftests/queue totals=$repo/build/selftests/totals
	rm -f "$totals".*
	workers=$(least "$(nproc)" 4 ${#jobs[@]})
	work "$workers" worker
	for ((worker = 0; worker < workers; worker++)); do
		if [[ -s $totals.$worker ]]; then
			read -r -a sums < "$totals.$worker"
			passed=$((passed + sums[0])) failed=$((failed + sums[1]))
			skipped=$((skipped + sums[2]))
		else
			test_missing "worker $worker" "it did not say how it ended"
		fi
	done
}

# "command NAME NAME NAME", some NAMEs at a time, as jobs
add_jobs() # SIZE COMMAND NAME...
{
	local size=$1 command=$2

	shift 2
	while (($#)); do
		jobs+=("$command ${*:1:size}")
		shift $(($# < size ? $# : size))
	done
}

main()
{
	local tests=() test many=() one=() wanted wanted_vm=() option no_run=''

	kernel='' cpus=4 append=''
	[[ ${1-} != --help ]] || set -- -h
	while getopts k:c:a:nh option; do
		case $option in
		k) kernel=$OPTARG ;;
		c) cpus=$OPTARG ;;
		a) append=$OPTARG ;;
		n) no_run=yes ;;
		h) help; exit 0 ;;
		*) help >&2; exit 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	places
	wanted=("$@")
	slow=${slowness[${kernel:-6.1}]-1}
	read -r -a tests <<< "$(list_of)"
	[[ $cpus =~ ^[1-9][0-9]?$ ]] || usage "-c $cpus: no number of CPUs"
	[[ ! $kernel ]] || kernel_check "$kernel"
	for test; do
		in_list "$test" "${!host[@]}" "${tests[@]}" || usage "$test: no such test"
	done
	if ((!${#wanted[@]})); then
		for test in "${tests[@]}"; do
			is_left_out "$test" || wanted+=("$test")
		done
		[[ $kernel ]] || wanted+=("${host_order[@]}")
		! in_list "$kernel" "${debug_kernels[@]}" || wanted+=("${host_debug[@]}")
		[[ $kernel != kasan ]] || wanted+=("${host_kasan[@]}")
	fi
	if [[ $no_run ]]; then
		echo "${wanted[*]}"
		exit
	fi
	jobs=()

	"$repo/scripts/setup.sh" --check || exit 1
	mkdir -p "$repo/build/selftests"
	: > "$recap"
	say "building"
	if ! make -s -j "$(nproc)" -C "$repo" module tool > "$log" 2>&1; then
		cat "$log"
		test_missing build "the module or the command does not build"
		done_with
	fi

	for test in "${tests[@]}"; do
		! in_list "$test" "${wanted[@]}" || wanted_vm+=("$test")
	done
	if ((${#wanted_vm[@]})); then
		if framework && build_tests "${wanted_vm[@]}"; then
			for test in "${built[@]}"; do
				if in_list "$test" "${icount[@]}"; then
					one+=("$test")
				else
					many+=("$test")
				fi
			done
		else
			cat "$log"
			test_missing kselftest "it cannot be prepared"
		fi
	fi
	# The longest first: at the end all have something to do.
	add_jobs "$tests_a_vm" boot_icount "${one[@]}"
	add_jobs "$tests_a_vm" boot_cpus "${many[@]}"
	for test in "${host_order[@]}" "${host_debug[@]}" "${host_kasan[@]}"; do
		! in_list "$test" "${wanted[@]}" || add_jobs 1 host_test "$test"
	done
	do_jobs
	done_with
}

main "$@"
