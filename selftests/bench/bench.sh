#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # parts are called by their names
# `make bench`: what counting costs, us and the peers, in VMs whose clock counts
# instructions. This half is outside; guest.sh is the one that runs inside, and
# configurations is what it measures.

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
here=$repo/selftests/bench
home=~	# right without HOME, too
cache=${XDG_CACHE_HOME:-$home/.cache}/syscount
readonly EX_USAGE=2

say() { echo "bench: $*" >&2; }

# shellcheck source-path=SCRIPTDIR source=userland.sh
. "$here/userland.sh"
# For the list of kernels; nothing is fetched here.
EX_VM=1
# shellcheck source-path=SCRIPTDIR source=../../scripts/vm.d/kernel.sh
. "$repo/scripts/vm.d/kernel.sh"

# CPUs for which one reading is measured, and which call at the same time
reading_cpus=(1 2 4 8 16 32 64)
parallel_cpus=(1 2 4 8)
# Configurations that are measured on several CPUs: one process of a peer that is
# busy with each call would be the bottleneck, whatever the number of CPUs.
parallel_names=('hook-*' perf-stat libbpf-tools bpftrace)
parts=(calls times reading parallel)

help()
{
	cat <<-END
	Usage: selftests/bench/bench.sh [-k KERNEL]... [-o DIR] [NAME...]
	       selftests/bench/bench.sh -p [-o DIR]

	Measure what counting system calls costs, with this module and with its peers,
	in VMs (scripts/vm), of which nothing is loaded into this machine's kernel.
	Prints tables; DIR gets a JSON file for each kernel. With -p: put what an
	earlier run has left in DIR into Documentation, bench.json and the chart bench.svg.

	 -k KERNEL    what scripts/vm -k takes, several with blanks between
	              (default: $(kernel_names_plain))
	 -o DIR       default: build/bench; with NAMEs: build/bench/some
	 -p           publish
	 -h           this text

	NAMEs, or patterns, are those of lines in selftests/bench/configurations:
	$(sed -n 's/^\([^# ][^ ]*\) .*/    \1/p' "$here/configurations")
	(hook-* is one for each hook), and the other parts of the bench:
	    times        of loading, switching and unloading
	    reading      /proc/syscount and the ioctl, with ${reading_cpus[*]} possible CPUs
	    parallel     ${parallel_cpus[*]} CPUs that call at once

	Exit status: 0, or 1 if something did not work that should, or 2: wrong use.
	END
}

usage()
{
	say "$1 (-h lists the options)"
	exit "$EX_USAGE"
}

parse()
{
	local option name

	kernels=() dir='' publish='' names=() wanted_parts=()
	[[ ${1-} != --help ]] || set -- -h
	while getopts :k:o:ph option; do
		case $option in
		k) read -r -a kernels <<< "${kernels[*]} $OPTARG" ;;
		o) dir=$OPTARG ;;
		p) publish=yes ;;
		h) help; exit 0 ;;
		:) usage "option -$OPTARG needs an argument" ;;
		*) usage "no option -$OPTARG" ;;
		esac
	done
	shift $((OPTIND - 1))
	for name; do
		case $name in
		times | reading | parallel) wanted_parts+=("$name") ;;
		*)
			is_configured "$name" || usage "$name: no such configuration"
			names+=("$name") ;;
		esac
	done
	[[ ! $publish || $# == 0 ]] || usage "-p publishes what is there, and takes no names"
	((!${#names[@]})) || wanted_parts+=(calls)
	if ((!$#)); then
		wanted_parts=("${parts[@]}") names=('*')
	fi
	if [[ ! $dir ]]; then
		dir=$repo/build/bench
		((!$#)) || dir+=/some
	fi
	mkdir -p "$dir" && dir=$(realpath -- "$dir") || exit 1
	((${#kernels[@]})) || read -r -a kernels <<< "$(kernel_names_plain)"
}

# Is it a name of configurations, or a pattern of one, or of one for a hook?
is_configured()
{
	local name

	while read -r name _; do
		# shellcheck disable=SC2053 # patterns, both
		if [[ $name != '#'* && ($name == $1 || $1 == $name) ]]; then
			return 0
		fi
	done < "$here/configurations"
	return 1
}

in_list() # WORD LIST...
{
	local word=$1

	shift
	[[ " $* " == *" $word "* ]]
}

report() { python3 "$here/report.py" "$@"; }

# Lines for report.py, some of which guest.sh writes
line() { echo "$*" >> "$lines"; }

# vm OPTION... -- PART PATTERN...: runs guest.sh, follows what it does, and leaves
# in pending what it did not get to, and in current where it stopped.
vm()
{
	local options=() words

	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	current=''
	rm -f "$dir/said"
	mkfifo "$dir/said"
	# Whatever ends us ends the VM.
	setpriv --pdeathsig TERM "$repo/scripts/vm" -k "$kernel" "${options[@]}" -t 900 \
		-R "$root" -s "$share" -- /host/guest.sh "$@" > "$dir/said" 2> "$log" < /dev/null &
	while read -r -a words; do
		case ${words[0]-} in
		'') continue ;;
		list) pending=("${words[@]:1}"); ((total)) || total=${#pending[@]} ;;
		begin)
			current=${words[1]}
			say "$kernel: $1: $((total - ${#pending[@]} + 1)) of $total: $current" ;;
		end) current='' pending=("${pending[@]:1}") ;;
		esac
		line "${words[*]}"
	done < "$dir/said"
	wait $!
	vm_status=$?
	rm "$dir/said"
	[[ $vm_status == 0 ]] || sed 's/^/    /' "$log" >&2
}

# part PART VM-OPTION... -- PATTERN...: goes on in another VM where one ended early.
part()
{
	local part=$1 options=() pending=() total=0 current vm_status before

	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	line "part $part"
	while :; do
		before=${#pending[@]}
		vm "${options[@]}" -- "$part" "$@"
		[[ $vm_status != 0 ]] || break
		if [[ $current ]]; then
			line "failed the VM ended while this was measured (status of scripts/vm: $vm_status)"
			line "end $current"
			pending=("${pending[@]:1}")
		else
			line "fault $part: scripts/vm ended with status $vm_status"
			# Between two of them again: there is no going on.
			((before != ${#pending[@]})) || break
		fi
		((${#pending[@]})) || break
		set -- "${pending[@]}"
	done
}

part_calls() { part calls -i -- "${names[@]}"; }

part_times() { say "$kernel: times"; part times -i --; }

part_reading()
{
	local cpus

	for cpus in "${reading_cpus[@]}"; do
		say "$kernel: reading: $cpus possible CPUs"
		part reading -i -c "$cpus" --
		# Some kernels make no room for CPUs that are not there yet.
		if ! grep -q "^reading $cpus " "$lines"; then
			say "$kernel: has fewer possible CPUs"
			break
		fi
	done
}

part_parallel()
{
	local cpus

	for cpus in "${parallel_cpus[@]}"; do
		say "$kernel: parallel: $cpus CPUs"
		part parallel -A mttcg -c "$cpus" -- "${parallel_names[@]}"
	done
}

bench_kernel()
{
	local part lines=$dir/lines release

	log=$dir/log
	: > "$lines"
	line "info series $kernel"
	line "info syscount $(sed -n 's/^#define SYSCOUNT_VERSION "\(.*\)"/\1/p' "$repo/module/version.h")"
	line "info host_cpus $(nproc)"
	line "info qemu $(qemu-system-x86_64 --version | sed -n '1s/.*version \([^ ]*\).*/\1/p')"
	for part in "${userland_packages[@]}"; do
		[[ $root == / ]] || line "package $(grep "^$part " "$userland/packages")"
	done
	for part in "${parts[@]}"; do
		! in_list "$part" "${wanted_parts[@]}" || "part_$part"
	done
	release=$(sed -n 's/^info kernel //p' "$lines" | tail -n 1)
	if [[ ! $release ]]; then
		say "$kernel: no VM of it runs, see above"
		return 1
	fi
	report json "$lines" > "$dir/json" && mv "$dir/json" "$dir/$release.json" &&
		mv "$lines" "$dir/$release.lines" || return
	results+=("$dir/$release.json")
	report table "$dir/$release.json"
}

publish()
{
	local files

	mapfile -t files < <(compgen -G "$dir/*.json" | sort -V)
	if ((!${#files[@]})); then
		say "$dir: nothing to publish; first: make bench"
		exit 1
	fi
	report join "${files[@]}" > "$dir/joined" && mv "$dir/joined" "$repo/Documentation/bench.json" &&
	report chart "$repo/Documentation/bench.json" > "$dir/chart" &&
	mv "$dir/chart" "$repo/Documentation/bench.svg"
}

main()
{
	local status=0 kernel results=() root lock

	parse "$@"
	"$repo/scripts/setup.sh" --check build vm bench || exit 1
	if [[ $publish ]]; then
		publish
		exit
	fi
	exec {lock}> "$dir/lock"
	if ! flock -n "$lock"; then
		say "$dir: another one writes there"
		exit 1
	fi
	share=$dir/share
	mkdir -p "$share" && make -s -C "$here" O="$dir" >&2 &&
	cp "$here/guest.sh" "$here/configurations" "$share" || exit 1
	if userland; then
		root=$userland/root
	else
		say "no root file system with the peers: those that this machine lacks will fail"
		root=/
	fi
	for kernel in "${kernels[@]}"; do
		bench_kernel || status=1
	done
	((${#results[@]})) || exit 1
	report failed "${results[@]}" || status=1
	exit "$status"
}

main "$@"
