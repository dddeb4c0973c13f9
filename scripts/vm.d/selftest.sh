#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317,SC2031 # what check() calls; in_cache has names of its own
# Does scripts/vm keep its promises? Boots some VMs; prints KTAP.

cd "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/share"
number=0 failed=0

# check NAME COMMAND...: passes if COMMAND does
check()
{
	local name=$1 result=ok

	shift
	"$@" || result="not ok" failed=1
	echo "$result $((++number)) - $name"
}

# vm [OPTION...] -- COMMAND...: sets status; output in $tmp/out, $tmp/err
vm()
{
	./vm -A tcg "$@" > "$tmp/out" 2> "$tmp/err" < /dev/null
	status=$?
}

# in_cache FUNCTION...: one of vm.d/kernel.sh
in_cache()
{
	(
		# shellcheck source-path=SCRIPTDIR source=kernel.sh
		. vm.d/kernel.sh
		# shellcheck source-path=SCRIPTDIR source=kernel-fetch.sh
		. vm.d/kernel-fetch.sh
		"$@"
	)
}

is() # STATUS [LINE of what it says on stderr]
{
	[[ $status == "$1" ]] && { [[ -z ${2-} ]] || grep -q "^vm: $2" "$tmp/err"; } && return
	echo "# exit status $status, not $1${2:+ with a line \"vm: $2\"}; the end of its stderr:"
	tail -n 20 "$tmp/err" | sed 's/^/#   /'
	return 1
}

same() # TEXT FILE
{
	printf '%s\n' "$1" | cmp -s - "$2" && return
	printf '# not, as it should be: %s\n' "$1" "$(head -n 5 "$2")"
	return 1
}

echo "TAP version 13"
echo "1..32"

vm -Q -- true
check "an unknown option is wrong use" is 2 "no option -Q"
vm -k 9.9 -- true
check "an unknown kernel is wrong use, and those known are named" is 2 ".*known: .*6.1"
vm -t soon -- true
check "a time limit that is no number is wrong use" is 2 "-t soon"
vm
check "a shell without a terminal is wrong use" is 2 "a shell needs a terminal"
vm -k /bin/true -- true
check "what is no kernel is said to be none" is 125 "-k /bin/true"

# Kernels in the cache, and those that cannot come there: no network is needed.
cache=$tmp/cache/syscount
for release in 9.1.2-amd64 9.1.10-amd64 9.1.11-amd64 9.10.1-amd64; do
	mkdir -p "$cache/kernels/$release/modules"
	echo "$release" | tee "$cache/kernels/$release/"{image,release,modules/modules.dep.bin} > "$tmp/out"
	in_cache kernel_sum "$cache/kernels/$release" > "$cache/kernels/$release/sum"
done
echo more >> "$cache/kernels/9.1.11-amd64/image"
in_cache kernel_cached '9.1.*' > "$tmp/out"
check "the newest intact kernel of a series is taken" same "$cache/kernels/9.1.10-amd64" "$tmp/out"
in_cache kernel_cached '9.2.*' > "$tmp/out"
check "and none of another" test "$?" = 1 -a ! -s "$tmp/out"
mkdir "$tmp/bin"
ln -s "$(type -P false)" "$tmp/bin/apt-get"
XDG_CACHE_HOME=$tmp/cache PATH=$tmp/bin:$PATH vm -k 5.10 -- true
check "what cannot be fetched is said" is 125 "kernel 5.10: not in Debian's"
check "and leaves nothing" test ! -e "$cache/kernels/tmp"

# What apt says of a kernel that is there signed, and of one that is not yet. What is to be
# downloaded is in the log.
mkdir "$tmp/apt"
cat > "$tmp/apt/apt-cache" <<-'END'
	#!/bin/sh
	case $* in
	"policy linux-image-9.3.1-amd64") echo "  Candidate: 9.3.1-1" ;;
	"policy linux-image-9.3.2-amd64") echo "  Candidate: (none)" ;;
	"depends linux-image-9.3.1-amd64 "* | "depends linux-image-9.3.2-amd64-unsigned "*)
		echo "  Depends: linux-kbuild-9.3" ;;
	esac
END
printf '#!/bin/sh\necho "$*"\n' > "$tmp/apt/apt-get"
chmod +x "$tmp/apt"/*
# shellcheck disable=SC2034 # apt_packages's
asks() # RELEASE PACKAGE...: is that what is asked for?
{
	local apt=()

	: > "$tmp/log"
	PATH=$tmp/apt:$PATH in_cache apt_packages "$1"
	same "download ${*:2} linux-kbuild-9.3:$(dpkg --print-architecture)" "$tmp/log"
}
check "a signed kernel is fetched" asks 9.3.1-amd64 linux-image-9.3.1-amd64 linux-headers-9.3.1-amd64
check "and if there is none yet, what is not signed" asks 9.3.2-amd64 \
	linux-image-9.3.2-amd64-unsigned linux-headers-9.3.2-amd64
if unshare -m true 2> "$tmp/err"; then
	# shellcheck disable=SC2016 # for the shell that is run
	vm.d/in-root / "$tmp/share" sh -c '[ -e /proc/self/root ] && echo "$1" > "$2/said"' sh "a  b" "$tmp/share"
	check "a command in another root keeps its arguments, and can write" same "a  b" "$tmp/share/said"
else
	check "a command in another root # SKIP $(head -n 1 "$tmp/err")" true
fi

# First of the VMs: its stderr may show how the module was built.
vm -c 1 -- sh -c 'kill -KILL $$'
check "death by a signal is 128 and its number" is 137

# The one long run: each line of the script is a promise.
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%c%c\r\n%d", i % 256, 0, i }' < /dev/null > "$tmp/bytes"
cp "$tmp/bytes" "$tmp/share/"
here=$PWD
# shellcheck disable=SC2016 # for the shell in the VM
vm -s "$tmp/share" -a syscount_word -- bash -c '
	exec 3> /host/said
	printf "<%s>" "$@" > /host/args
	echo "$PWD $HOSTNAME $EUID $HOME" > /host/where
	{ grep -c -w -e syscount_vm=1 -e syscount_word; readlink -e /dev/stdin; } < /proc/cmdline > /host/words
	{ echo changed > "$1/vm.d/selftest.scratch" && cat "$1/vm.d/selftest.scratch"; } > /host/root 2>&1
	for file in /proc/self /sys/kernel/debug/tracing /dev/pts/ptmx /dev/fd/0 /dev/shm \
		/sys/fs/cgroup/cgroup.procs /sys/kernel/tracing/events; do
		[ -e $file ] || echo "$file is missing"
	done > /host/missing
	ping -c 1 127.0.0.1 > /dev/null 2>&1 || [ "$(cat /sys/class/net/lo/operstate)" = unknown ] || echo lo >> /host/missing
	echo "to /dev/stderr" > /dev/stderr
	cat /host/bytes
	exit 77' bash "$here" "" "two  words" "q'\"\\\$x\`" $'line\nline'
check "the status is the command's" is 77
check "stdout is exact: all bytes, nothing else" cmp "$tmp/bytes" "$tmp/out"
check "stderr is exact" same "to /dev/stderr" "$tmp/err"
printf '<%s>' "$here" "" "two  words" "q'\"\\\$x\`" $'line\nline' > "$tmp/args"
check "arguments arrive exactly" cmp "$tmp/args" "$tmp/share/args"
check "it is root's, here, in the VM" same "$here syscount-vm 0 /root" "$tmp/share/where"
check "words of -a are on the kernel's command line" grep -qx 1 "$tmp/share/words"
check "the root can be written to inside" same changed "$tmp/share/root"
check "and the host sees nothing of it" test ! -e vm.d/selftest.scratch
check "all that a program expects is mounted" test ! -s "$tmp/share/missing"

if [[ -e ../module/main.c ]]; then
	# shellcheck disable=SC2016 # for the shell in the VM
	vm -l -i -- sh -c 'grep -q "^syscount " /proc/modules && [ "$(nproc)" = 1 ] && modprobe -r syscount && modprobe syscount && rmmod syscount && insmod "$SYSCOUNT_KO"'
	check "-l loads the module, which modprobe and insmod find" is 0
else
	check "-l loads the module # SKIP there is none" true
fi
# Where people try a checkout
mkdir -p "$tmp/checkout/below"
echo seen > "$tmp/checkout/file"
touch "$tmp/file"
(cd "$tmp/checkout/below" && "$here/vm" -A tcg -- sh -c 'cat ../file; ls -A /tmp | wc -l; touch ../written') \
	> "$tmp/out" 2> "$tmp/err" < /dev/null
status=$?
check "a directory in /tmp that it is called in is there" same $'seen\n1' "$tmp/out"
check "and cannot be changed" test "$status" = 0 -a ! -e "$tmp/checkout/written"
vm -t 20 -- sh -c 'echo begun; exec sleep 1000'
check "a time-out is a failure" is 124 "time-out"
check "what was written before is there" same begun "$tmp/out"
vm -- sh -c 'echo c > /proc/sysrq-trigger'
check "a panic is a failure" is 123 "kernel"
vm -- sh -c 'echo o > /proc/sysrq-trigger; sleep 60'
check "so is an end without a verdict" is 123 "kernel"
# A warning, as the log has it, and a taint, as nothing else shows it.
vm -- sh -c 'echo "<4>WARNING: CPU: 0 PID: 1 at selftest" > /dev/kmsg'
check "a warning is a failure" is 123 "kernel"
check "and shown" grep -q "WARNING: CPU: 0 PID: 1 at selftest" "$tmp/err"
vm -- sh -c 'echo 512 > /proc/sys/kernel/tainted'
check "so is a taint" is 123 "kernel"
exit "$failed"
