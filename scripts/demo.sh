#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make demo`: boots a VM with the module loaded and shows what it does. The
# commands run inside, one after the other, and are printed before their output.

set -eu

case ${1-} in
'' | inside) ;;
*) echo "Usage: scripts/demo.sh"; exit 2 ;;
esac
if [ "${1-}" != inside ]; then
	cd "$(dirname "$0")/.."
	echo "demo: booting a VM with the module loaded (some seconds; it is emulated)"
	exec scripts/vm -l -t 120 -- scripts/demo.sh inside
fi

say() {
	printf '\n\033[1m# %s\033[0m\n' "$*"
}

run() {
	printf '\033[1m$ %s\033[0m\n' "$*"
	bash -c "$*"
}

# A pipe gets no colour.
[ -t 1 ] || {
	say() { printf '\n# %s\n' "$*"; }
	run() { printf '$ %s\n' "$*"; bash -c "$*"; }
}

say "The module is loaded, and counts."
run "lsmod | grep syscount"
run "ls -lR /etc > /dev/null"
run "head -n 24 /proc/syscount"

say "The busiest calls of the machine, with nothing but sort."
run "sort -rnk6,6 /proc/syscount | head -n 5"

say "Sysfs: one value a file. A category off is not counted; on, it goes on."
run "cd /sys/class/misc/syscount; ls"
cd /sys/class/misc/syscount
run "cat hook; dmesg | grep 'syscount: .*hook'"
run "cat category_file/calls; cat /etc/passwd > /dev/null; cat category_file/calls"
run "echo 0 > category_file/enabled"
run "cat category_file/calls; cat /etc/passwd > /dev/null; cat category_file/calls"
run "echo 1 > category_file/enabled"

say "The command says the same, and more."
run "syscount --top 5"
run "syscount --category communication,device --csv"
run "ls -lR /usr/lib > /dev/null 2>&1 &  syscount stat 1 3"
run "syscount disable getdents64 && ls -R /etc > /dev/null && syscount -e 'getdents*'; syscount enable getdents64"
run "syscount list -e '*mmap*,write,fork'"
run "syscount info"

say "That was 'make demo'. 'make vm' gives you a shell in there; README.md says what to try."
