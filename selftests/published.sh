#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The test of `make test-matrix` and `make test-debug`: what they make of what scripts/test.sh
# says, and what they publish. In a copy, whose test.sh says what it is told.

export LC_ALL=C
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$repo/selftests/same.sh"

copy=$tmp/copy
published=$copy/Documentation/kernels.md
export XDG_CACHE_HOME=$tmp/cache said=$tmp/said asked=$tmp/asked
git=(git -c user.name=test -c user.email=test@localhost -C "$copy")

make_copy()
{
	local mark='<!-- what scripts/matrix.sh -p writes -->'

	mkdir -p "$copy"/{scripts,module,Documentation}
	cp -r "$repo"/scripts/{matrix.sh,test-debug.sh,test.d,vm.d,gen-tables.sh,categories.txt} "$copy/scripts"
	cp "$repo/Kbuild" "$copy"
	echo one > "$copy/module/source"
	cat > "$copy/scripts/vm.d/kernel.sh" <<-'END'
		kernel_find() { release=1.2.3; }
		kernel_cached() { [[ $1 == built-kasan-* && -e $XDG_CACHE_HOME/kasan ]]; }
	END
	printf 'before\n%s\nold\n%s\nbehind\n' "$mark" "$mark" > "$copy/README.md"
	printf '#!/bin/sh\n' > "$copy/scripts/setup.sh"
	# What is said of each test of a number of CPUs, and at the end
	cat > "$copy/scripts/test.sh" <<-'END'
		#!/bin/bash
		cpus=debug
		while getopts k:c:a:n option; do
			[[ $option != c ]] || cpus=$OPTARG
			[[ $option != n ]] || { echo a b c; exit; }
		done
		shift $((OPTIND - 1))
		echo "$cpus: $*" >> "$asked"
		for test; do
			grep "^$test " "$said/$cpus" || grep "^$test " "$said/all"
		done
		cat "$said/$cpus.failed" 2> /dev/null
		echo "0 passed, 0 failed, 0 skipped"
	END
	cat > "$copy/scripts/test.d/matrix" <<-'END'
		one  | 6.1 | 1 |           | two
		four | 6.1 | 4 | preempt=x | two c
		two: a b
		short: a
	END
	chmod +x "$copy"/scripts/*.sh
	printf 'build\n' > "$copy/.gitignore"
	mkdir "$said"
	printf '%s\n' 'a        6 passed  (1.0 s)' 'b        2 passed, 1 skipped  (2.5 s)' 'c        4 passed  (1.0 s)' > "$said/all"
	: > "$said/1"
	: > "$said/4"
	git init -q "$copy" && commit
}

commit() { "${git[@]}" add -A && "${git[@]}" commit -q -m change; }

# matrix ARGUMENT...: sets out and status
matrix()
{
	: > "$asked"
	out=$("$copy/scripts/matrix.sh" "$@" 2>&1)
	status=$?
}

# debug ARGUMENT...: as matrix
debug()
{
	out=$("$copy/scripts/test-debug.sh" "$@" 2>&1)
	status=$?
}

report() { sed -n 's/^| \(kasan .*\) | [^|]* | [^|]* | [^|]* |$/\1/p' "$copy/Documentation/test-report.md"; }

# shellcheck disable=SC2016 # the report's
module() { sed -n 's/^The module is `\([0-9a-f]*\)` now.*/\1/p' "$copy/Documentation/test-report.md"; }

row() { grep "^| $1 |" "${2:-$published}" | awk -F ' *[|] *' '{ print $3, $4, $5 ";", $8, $9, $10, $11 }'; }

echo "TAP version 13"
make_copy || { echo "Bail out! no copy can be made"; exit 1; }
matrix -p
same "nothing ran: nothing is published" "1 matrix: nothing ran yet; first: scripts/matrix.sh" "$status $out"
matrix -s nonsense
same "no such name" "2 matrix: nonsense: no such name (-h lists the options)" "$status $out"

matrix -s
same "short: its tests, of each" $'1: a\n4: a' "$(sort "$asked")"
same "... their sum is the last line" "12 passed, 0 failed, 0 skipped" "${out##*$'\n'}"
same "... and the status 0" 0 "$status"
mkdir "$tmp/bin"
printf '#!/bin/sh\nexit 24\n' > "$tmp/bin/rsync"
chmod +x "$tmp/bin/rsync"
PATH=$tmp/bin:$PATH matrix -s
same "... but not if nothing ran this time" 1 "$status"
matrix -p
same "published: a row of each" "1.2.3 1 ; 6 0 0 short" "$(row one)"
same "... and its words" "1.2.3 4 preempt=x; 6 0 0 short" "$(row four)"
same "... and each test" "- four: a 6" "$(grep '^- four' "$published")"
same "... in README, too" "$(row four)" "$(row four "$copy/README.md")"
same "... instead of what was there" "before behind" "$(grep -x 'before\|old\|behind' "$copy/README.md" | xargs)"
commit

rm -rf "$copy/build"
echo 'a        5 passed, 1 FAILED  (1.0 s)' > "$said/4"
printf '%s\n' "failed: a" "    3 of it" > "$said/4.failed"
matrix -s four
same "one fails: the sum, and the status" "1 5 passed, 1 failed, 0 skipped" "$status ${out##*$'\n'}"
same "... and it is named at the end, and where" $'failed: four: a\n    3 of it' "$(tail -n 3 <<< "$out" | head -n 2)"
matrix -p
same "published: that it failed" "1.2.3 4 preempt=x; 5 1 0 short" "$(row four)"
same "... by name" "- four: a **failed**" "$(grep '^- four' "$published")"
same "... and what is there of others stays" "1.2.3 1 ; 6 0 0 short" "$(row one)"
same "... with its tests" "- one: a 6" "$(grep '^- one' "$published")"
rm "$said/4.failed"
: > "$said/4"
matrix -s -r
same "again: what failed, or did not run" $'1: a\n4: a' "$(sort "$asked")"
matrix -s -r
same "... and nothing when all passed" "" "$(<"$asked")"

matrix -s -f one
same "two doses are none" "2 matrix: -s and -f: one or the other (-h lists the options)" "$status $out"

sed -i /^a/d "$said/all"
matrix -s one
same "a test that does not run has failed" "1 0 passed, 1 failed, 0 skipped" "$status ${out##*$'\n'}"
echo 'a        6 passed  (1.0 s)' >> "$said/all"
matrix -s one

# The module has no Makefile here: that it was built is taken from what is remembered.
sum=$(cd "$copy" && find Kbuild module scripts/gen-tables.sh scripts/categories.txt scripts/test.d/clang.sh -type f |
	sort | xargs cat | sha256sum | cut -c 1-16)
mkdir -p "$copy/build/matrix/built" && echo "yes -" > "$copy/build/matrix/built/1.2.3-$sum"
matrix four
same "whole: all tests of the line" "4: a b c" "$(<"$asked")"
same "... a skip is none that passed" "0 12 passed, 0 failed, 1 skipped" "$status ${out##*$'\n'}"
matrix -p
same "published: the whole, not the short dose" "1.2.3 4 preempt=x; 12 0 1 all" "$(row four)"
same "... and of the other what there is" "1.2.3 1 ; 6 0 0 short" "$(row one)"
commit

rm -rf "$copy/build"
matrix -s four
matrix -p
same "a short dose does not take the place of a whole one" "1.2.3 4 preempt=x; 12 0 1 all" "$(row four)"
echo two > "$copy/module/source"
commit
matrix -p
same "another module: nothing is published of the old one" "1 matrix: nothing ran yet; first: scripts/matrix.sh" "$status $out"
matrix -s four
matrix -p
same "... and what did not run on the new one goes, and is named" "Not run: one." "$(grep '^Not run' "$published")"
same "... of all lists" "four" "$(sed -n 's/^- \([^:,]*\).*/\1/p' "$published" | xargs)"

printf '%s\n' 'five | 6.1-x | 5 | | two' 'six | 6.1-x | 6 | | two' 'short-x: b' 'short-five: c' >> "$copy/scripts/test.d/matrix"
: > "$said/5"
: > "$said/6"
matrix -s five six four
same "short: the group of the line, of its kind of kernel, or of all" $'4: a\n5: c\n6: b' "$(sort "$asked")"

: > "$said/debug"
debug -a nosmp
same "test-debug: words without a kernel" 2 "$status"
debug -k 6.1 a
same "... or one that looks for no faults" "2 test-debug: -k 6.1: neither kasan nor kcsan" "$status $out"
debug -s -k kasan
same "... or a short dose of one" 2 "$status"
debug -k kasan a b
first=$(module)
same "report: a row of each test" $'0\nkasan | - | a | 6 passed | 1 | '"$first"$'\nkasan | - | b | 2 passed, 1 skipped | 2 | '"$first" \
	"$status"$'\n'"$(report)"
echo 'a        5 passed, 1 FAILED  (1.0 s)' > "$said/debug"
printf '    a: it was left\n    did: 7 of it\n' > "$said/debug.failed"
sed -i 's/^for test.*/exit_code=1\n&/; $a exit "$exit_code"' "$copy/scripts/test.sh"
echo three > "$copy/module/source"
debug -k kasan a
second=$(module)
same "... of another module: that of its test alone" \
	$'1\nkasan | - | a | 5 passed, 1 FAILED | 1 | '"$second"$'\nkasan | - | b | 2 passed, 1 skipped | 2 | '"$first" \
	"$status"$'\n'"$(report)"
same "... which says what did not run on the module" "* kasan: b c" "$(grep '^\* kasan:' "$copy/Documentation/test-report.md")"
sed -i 's/^leaky=.*/leaky="c watch_a"/' "$copy/scripts/test-debug.sh"
debug -k kasan a
same "... but for what is to run with a search for leaks" $'* kasan: b\n* kasan, kmemleak=on: c watch_a' \
	"$(grep '^\* kasan\(:\|, kmem\)' "$copy/Documentation/test-report.md")"
same "... and how many are of it" "The module is \`$second\` now: 1 of 2 rows are of it." \
	"$(grep -o '^The module is .* it\.' "$copy/Documentation/test-report.md")"
debug -k kasan -a nosmp a
same "... with words: rows of their own, and so what it did" \
	"- kasan a: FAILED: it was left - kasan a: 7 of it - kasan nosmp a: FAILED: it was left - kasan nosmp a: 7 of it" \
	"$(grep '^- ' "$copy/Documentation/test-report.md" | xargs)"
same "... beside the others" 3 "$(report | wc -l)"
rm "$said/debug.failed"
debug -k kasan a
same "... and that goes with its row" "- kasan nosmp a: FAILED: it was left - kasan nosmp a: 7 of it" \
	"$(grep '^- ' "$copy/Documentation/test-report.md" | xargs)"
: > "$asked"
debug -s
same "short: nothing runs without a kernel" \
	"0 test-debug: nothing was run: scripts/vm -k kasan -- true builds a kernel" "$status ${out##*$'\n'}"
same "... and nothing is asked for" "" "$(<"$asked")"
mkdir -p "$XDG_CACHE_HOME" && touch "$XDG_CACHE_HOME/kasan"
cp "$copy/Documentation/test-report.md" "$tmp/report"
debug -s
same "... those that are there get their dose, which can fail" "1 debug: planted signed fail_nth counted_once watch_objects" "$status $(<"$asked")"
same "... and the report stays as it is" "" "$(diff "$tmp/report" "$copy/Documentation/test-report.md")"

same_end
