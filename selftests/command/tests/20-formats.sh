# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# What other programs make of the output.

# The one JSON form: what is read is what is written.
for file in db7 extremes plain cpus zero; do
	sh "json-same-$file" 0 "" "cmp <(syscount -J -i $file.json | python3 -c '
import json, sys; json.dump(json.load(sys.stdin), sys.stdout)') <(python3 -c '
import json, sys; json.dump(json.load(open(\"$file.json\")), sys.stdout)')"
done
sh json-jq 0 "" "syscount -J -i db7.json | jq -c '.syscount | keys_unsorted, .syscalls[0], .syscalls[8],
	([.categories[].calls] | add) + .unknown == .total, ([.syscalls[].calls] | add) == .total'"
sh json-big 0 "" "syscount -J -i extremes.json | python3 -c '
import json, sys; o = json.load(sys.stdin)[\"syscount\"]
print(o[\"total\"] == 2**64 - 1 == sum(r[\"calls\"] for r in o[\"syscalls\"]))'"
sh json-line 0 "" "syscount stat -J -i stream.json | while read -r line; do
	printf %s \"\$line\" | jq -r .syscount.total; done"
sh csv-python 0 "" "syscount --csv -i csv.json | python3 -c '
import csv, sys
rows = list(csv.reader(open(0, newline=\"\"), strict=True)); print(rows)'"
sh csv-crlf 0 "" "syscount --csv -i plain.json | od -An -c | head -n 4"
# Programs split at blanks and newlines: a name has neither in raw output.
sh raw-fields 0 "" "for f in db7 csv bytes; do syscount -r -i \$f.json | awk '{ print NF }' | uniq; done"
sh bytes-json 0 "" "syscount -J -i bytes.json | LC_ALL=C grep -aE '\"(host|syscall)\"'"
sh bytes-json-valid 0 "" "syscount -J -i bytes.json | python3 -c '
import json, sys
o = json.loads(sys.stdin.buffer.read().decode(\"utf-8\", \"strict\"))[\"syscount\"]
print(ascii(o[\"host\"]), ascii(o[\"syscalls\"][1][\"syscall\"]))'"
prints bytes-table -i bytes.json
prints bytes-csv -i bytes.json --csv
prints utf8-table -i utf8.json -T 1
sh utf8-c-locale 0 "" "LC_ALL=C syscount -i utf8.json -T 1 | head -n 1"
sh utf8-json 0 "" "syscount -J -i utf8.json | grep host"
prints twice-key -i twice-key.json -J
# Numbers keep their point whatever the locale says.
sh point 0 "" "for l in de_DE.UTF-8 C; do LC_ALL=\$l syscount -i plain.json -rn -U SHARE; done"
