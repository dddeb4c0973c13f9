#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of the command against saved snapshots, without the module. KTAP.
# run.sh -u writes the expected outputs anew: look at what git diff says then.
# run.sh -v runs the command in valgrind, which takes half an hour and more.

set -u
# Who starts it in the background ignores SIGINT, which the tests send.
[[ ${SIGNALS-} ]] || SIGNALS=default exec env --default-signal "${BASH_SOURCE[0]}" "$@"
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd) || exit 1
SYSCOUNT=$(realpath -- "${SYSCOUNT:-$here/../../build/syscount}")
readonly map=$here/../../scripts/categories.txt option=${1:-}
results=()
failed=0

[[ -x $SYSCOUNT ]] || { echo "run.sh: $SYSCOUNT: no such program (make)" >&2; exit 1; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf -- "$tmp"' EXIT
mkdir "$tmp/bin" "$tmp/valgrind"
if [[ $option == -v ]]; then
	# What it says would be taken for the command's.
	cat >"$tmp/bin/syscount" <<-END
		#!/bin/sh
		exec valgrind -q --error-exitcode=99 --log-file=$tmp/valgrind/%p "$SYSCOUNT" "\$@"
	END
	# A test of rights is somebody else's.
	chmod 755 "$tmp" "$tmp/bin/syscount" && chmod 1777 "$tmp/valgrind" && SYSCOUNT=$tmp/bin/syscount
else
	ln -s "$SYSCOUNT" "$tmp/bin/syscount"
fi
readonly here SYSCOUNT
export PATH=$tmp/bin:$PATH TERM=xterm LC_ALL=C.UTF-8 tmp map here
unset COLUMNS NO_COLOR FAKE LD_PRELOAD
cd -- "$here/data" || exit 1

pass() { results+=("ok $((${#results[@]} + 1)) - $1"); }
skip() { results+=("ok $((${#results[@]} + 1)) - $1 # SKIP $2"); }

fail()
{
	results+=("not ok $((${#results[@]} + 1)) - $1")
	failed=$((failed + 1))
	sed 's/^/# /' "$tmp/why" >&2
}

# verdict NAME STATUS EXPECTED_STATUS STDERR: the output is in $tmp/out, $tmp/err.
# Standard output must be that of expected/NAME, nothing if there is none.
verdict()
{
	local name=$1 status=$2 want=$3 errors=${4:+$4$'\n'} file=$here/expected/$1 said

	[[ -e $file ]] || file=/dev/null
	# Most pass, and what follows starts ten processes.
	IFS= read -r -d '' said <"$tmp/err"
	if [[ $option != -v && $said == "$errors" ]] && ((status == want)) &&
		cmp -s "$file" "$tmp/out"
	then
		pass "$name"
		return
	fi
	{
		echo "$name:"
		((status == want)) || echo "exit status $status, expected $want"
		diff -u <(printf %s "$errors") "$tmp/err" | tail -n +3
		diff -au "$file" "$tmp/out" | tail -n +3
		find "$tmp/valgrind" -type f -exec cat {} +
	} >"$tmp/why"
	rm -f "$tmp"/valgrind/*
	if (($(wc -l <"$tmp/why") == 1)); then
		pass "$name"
	else
		fail "$name"
	fi
}

# It opens standard files that are closed, heeds ignored signals, and lacks pidfd_open().
beyond_valgrind() # NAME SCRIPT
{
	[[ $1 == watch-status-ignored || $1 == attach-thread || $2 == *'&-'* ||
	   $2 =~ (attach|top)\ .*-p\  ]]
}

# sh NAME STATUS STDERR SCRIPT: what a shell script prints
sh()
{
	local status

	if [[ $option == -v ]] && beyond_valgrind "$1" "$4"; then
		skip "$1" "valgrind cannot"
		return
	fi
	bash -c "set -o pipefail; $4" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	if [[ $option == -u && -s $tmp/out ]]; then
		mkdir -p "$here/expected" && cp "$tmp/out" "$here/expected/$1"
	fi
	verdict "$1" "$status" "$2" "$3"
}

# prints NAME ARGUMENT...: all is well
prints() { sh "$1" 0 "" "syscount ${*:2}"; }
# refuses NAME MESSAGE ARGUMENT...: exit status 1, one line
refuses() { sh "$1" 1 "syscount: $2" "syscount ${*:3}"; }
# misused NAME MESSAGE ARGUMENT...: exit status 2, one line
misused() { sh "$1" 2 "syscount: $2" "syscount ${*:3}"; }

for part in "$here"/tests/*.sh; do
	# shellcheck source=/dev/null
	. "$part"
done

# An output that no test looks at is a test that somebody lost.
all=${results[*]}
for file in "$here"/expected/*; do
	name=${file##*/}
	[[ $all == *" - $name"* ]] || { echo "$file" >"$tmp/why"; fail "expected-$name"; }
done

echo "TAP version 13"
echo "1..${#results[@]}"
printf '%s\n' "${results[@]}"
((failed == 0))
