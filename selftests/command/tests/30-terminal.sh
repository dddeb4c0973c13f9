# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# Width and colour: on a terminal only.

# tty NAME COLUMNS ENVIRONMENT ARGUMENT...
tty() { sh "tty-$1" 0 "" "$3 python3 $here/on-terminal.py $2 syscount ${*:4}"; }

if python3 -c 'import os; os.login_tty' 2>/dev/null; then
	tty color 80 "" -i db7.json -T 3
	tty narrow 50 NO_COLOR=1 -i db7.json
	tty narrow-long 60 NO_COLOR=1 -i extremes.json
	tty very-narrow 20 NO_COLOR=1 -i db7.json -T 2
	tty narrow-raw 20 NO_COLOR=1 -r -i extremes.json
	tty narrow-csv 20 NO_COLOR=1 --csv -i extremes.json
	tty narrow-list 40 NO_COLOR=1 list -i list.json
	tty columns-variable 200 "NO_COLOR=1 COLUMNS=50" -i db7.json -T 3
	tty no-color 80 NO_COLOR=1 -i plain.json
	tty no-color-empty 80 NO_COLOR= -i plain.json -T 1
	tty dumb 80 TERM=dumb -i plain.json -T 1
	tty never 80 "" -i plain.json -T 1 --color=never
	tty always 80 NO_COLOR=1 -i plain.json -T 1 --color=always
	tty auto 80 NO_COLOR=1 -i plain.json -T 1 --color
	tty file 30 "" -i extremes.json -o "$tmp/file"
	sh tty-file-content 0 "" "cat $tmp/file"
	tty stat 80 NO_COLOR=1 stat -i stream.json
	tty stat-color 80 "" stat -i stream.json
else
	skip tty "python3 is older than 3.11"
fi
prints pipe-color -i plain.json -T 1 --color=always
sh pipe-columns 0 "" "COLUMNS=30 syscount -i extremes.json"
misused color-word "show: --color: 'red' is not one of: auto, always, never" --color=red
