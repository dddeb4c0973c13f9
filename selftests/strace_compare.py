#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what strace and syscount counted, for strace_agreement.sh.

Usage: strace_compare.py FIRST LIST NEXT < CASES

LIST is what `syscount list --raw` says. A line of CASES is "KIND<tab>NAME<tab>DIR<tab>STATUS<tab>KNOWN":

 inside   DIR/log is strace's log of `syscount run`, which wrote DIR/json and ended
          with the status in DIR/status
 apart    DIR/table is from `strace -c -f`, DIR/plain from `syscount run`, of two runs

STATUS is the command's. KNOWN are the calls that it makes by its own knowledge: words CALL=CALLS/ERRORS/RESTARTED,
or CALL=+ for at least one; a call of another abi is i386:CALL. It prints KTAP from
number FIRST on and writes the number of the next into the file NEXT; the status is 1
if one failed.
"""

import copy
import json
import re
import sys

LINE = re.compile(r"(\d+) +(?:\[ *(-?\d+)\] )?(.*)")
SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (\d+) ")
MODE = re.compile(r"System call usage summary for (\S+)(?: bit)? mode:")
ABIS = {"64": "64", "32": "i386", "x32": "x32"}
NO_RETURN = ("exit", "exit_group")


class Call:
    """One line of the log, or two if another task's came between."""

    def __init__(self, pid, abi, nr, name):
        self.pid, self.abi, self.nr, self.name = pid, abi, nr, name
        self.returned = self.vanished = self.failed = False

    def ends(self, text):
        result = text.split("= ", 1)[1]
        self.vanished = result.startswith("?")
        self.returned = not self.vanished
        self.failed = result.startswith("-1 ")


class Log:
    def __init__(self, path, abis):
        self.calls, self.table = [], []
        self.abis, self.abi_of, self.inside = abis, {}, {}
        with open(path, encoding="ascii") as lines:
            for line in lines:
                match = LINE.fullmatch(line.rstrip("\n"))
                if not match:
                    # strace's own table is the end.
                    self.table = [line, *lines]
                    return
                self.event(int(match[1]), match[2], match[3])

    def event(self, pid, nr, text):
        if text.startswith("--- "):
            return
        if text.startswith("+++ "):
            # The thread's execve() returns as the leader's.
            match = SUPERSEDED.match(text)
            if pid in self.inside:
                self.inside.pop(pid).vanished = True
            if match:
                self.inside[pid] = self.inside.pop(int(match[1]))
            return
        if text.startswith("<... "):
            call = self.inside.pop(pid)
        else:
            name = text.split("(", 1)[0]
            call = Call(pid, self.abi(pid, int(nr), name), int(nr), name)
            self.calls.append(call)
        if text.endswith(" <unfinished ...>"):
            self.inside[pid] = call
        else:
            call.ends(text)

    def abi(self, pid, nr, name):
        """The log does not say it, but number and name together do, below 424."""
        which = self.abis.get((nr, name), [])
        if len(which) == 1:
            self.abi_of[pid] = which[0]
        return self.abi_of.get(pid, "64")

    def command(self):
        """From the execve() of what syscount started on, all that is not syscount."""
        root = self.calls[0].pid
        child = next(call.pid for call in self.calls if call.pid != root)
        started, calls = False, []
        for call in self.calls:
            started = started or (call.pid == child and call.name == "execve")
            if call.pid != root and started:
                calls.append(call)
        return calls


def read_table(lines):
    """{(abi, name): [calls, errors]}"""
    rows, abi = {}, "64"
    for line in lines:
        match = MODE.match(line)
        if match:
            abi = ABIS[match[1]]
        words = line.split()
        if not match and len(words) in (2, 3) and words[1].isdigit() and words[0] != "total":
            rows[abi, words[0]] = [int(word) for word in words[1:]] + [0] * (3 - len(words))
    return rows


def as_table(calls):
    """As strace -c counts them: those that returned."""
    rows = {}
    for call in calls:
        if call.returned:
            row = rows.setdefault((call.abi, call.name), [0, 0])
            row[0] += 1
            row[1] += call.failed
    return rows


def as_rows(calls):
    """{(abi, nr): [name, calls, returned, vanished, errors]}"""
    rows = {}
    for call in calls:
        row = rows.setdefault((call.abi, call.nr), [call.name, 0, 0, 0, 0])
        row[1] += 1
        row[2] += call.returned
        row[3] += call.vanished
        row[4] += call.failed
    return rows


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["syscount"]


def ours(snapshot):
    """{(abi, nr): [name, calls, exits, errors, restarted]}"""
    return {(row["abi"], row["nr"]): [row["syscall"] or "?", row["calls"], row["exits"], row["errors"],
                                      row["restarted"]]
            for row in snapshot["syscalls"]}


def compare_tables(table, counted):
    """strace's table, and what the log's lines add up to."""
    for key in sorted({*table, *counted}):
        if table.get(key) != counted.get(key):
            yield f"{key[0]} {key[1]}: strace -c {table.get(key)}, the log {counted.get(key)}"


def compare_rows(strace, snapshot):
    rows = ours(snapshot)
    for key in sorted({*strace, *rows}):
        name, calls, returned, vanished, errors = strace.get(key, [None, 0, 0, 0, 0])
        our_name, our_calls, exits, our_errors, restarted = rows.get(key, [None, 0, 0, 0, 0])
        # strace sees no end of a call that a signal kills, but the kernel returns from it.
        unseen = 0 if (our_name or name) in NO_RETURN else vanished
        # It gives back what the interrupted call returned, and strace takes that for its own.
        if name == "rt_sigreturn":
            errors = 0
        if not (calls == our_calls and calls == returned + vanished and returned <= exits <= returned + unseen
                and errors <= our_errors + restarted <= errors + unseen and exits >= our_errors + restarted):
            yield (f"{key[0]} {key[1]} {name or our_name}: strace {calls} calls, {returned} returned, {vanished} did not, {errors} errors; "
                   f"syscount {our_calls} calls, {exits} returned, {our_errors} errors and {restarted} restarted")


def compare_apart(table, snapshot):
    """Two runs. strace counts no call that does not return."""
    rows = {(abi, row[0]): [row[2], row[3] + row[4]] for (abi, _), row in ours(snapshot).items()
            if row[0] not in NO_RETURN}
    for key in sorted({*table, *rows}):
        if table.get(key) != rows.get(key):
            yield f"{key[0]} {key[1]}: strace -c {table.get(key)}, syscount {rows.get(key)}"


def compare_known(known, snapshot):
    rows = {(abi, row[0]): row for (abi, _), row in ours(snapshot).items()}
    for word in known:
        key, value = word.split("=")
        abi, name = key.split(":") if ":" in key else ("64", key)
        row = rows.get((abi, name), [name, 0, 0, 0, 0])
        if value == "+":
            right = row[1] > 0
        else:
            numbers = [int(number) for number in value.split("/")]
            right = [row[1], row[3], row[4]] == numbers + [0] * (3 - len(numbers))
        if not right:
            yield f"{abi} {name}: the program knows {value}, syscount {row[1]}/{row[3]}/{row[4]}"


def complete(snapshot):
    for key in ("lost", "lost_threads", "left", "threads"):
        if snapshot.get(key, 0):
            yield f"{key} is {snapshot[key]}"
    total = sum(row["calls"] for row in snapshot["syscalls"])
    if total != snapshot["total"]:
        yield f"the total is {snapshot['total']}, and the sum of the rows {total}"


class Cases:
    def __init__(self, number, abis):
        self.number, self.abis, self.failed, self.checked = number, abis, False, set()

    def result(self, name, wrong):
        print(f"{'not ok' if wrong else 'ok'} {self.number} - {name}")
        for line in wrong:
            print(f"# {line}")
        sys.stdout.flush()
        self.number += 1
        self.failed = self.failed or bool(wrong)

    def inside(self, name, directory, status, known):
        with open(directory + "/status", encoding="ascii") as file:
            ended = int(file.read())
        log, snapshot = Log(directory + "/log", self.abis), read_json(directory + "/json")
        calls = log.command()
        rows, table, counted = as_rows(calls), read_table(log.table), as_table(log.calls)
        wrong = [*compare_tables(table, counted), *compare_rows(rows, snapshot),
                 *compare_known(known, snapshot), *complete(snapshot)]
        if not int(status) == ended == snapshot["status"]:
            wrong.append(f"status {ended}, {snapshot['status']} in the JSON, and not {status}")
        tasks, errors = len({call.pid for call in calls}), sum(call.failed for call in calls)
        self.result(f"{name}: {len(calls)} calls of {len(rows)} kinds, {errors} errors, {tasks} task{'s' * (tasks > 1)}", wrong)
        if not wrong and errors and "inside" not in self.checked:
            self.checked.add("inside")
            self.finds("a row of the log is", rows, lambda changed: compare_rows(changed, snapshot))
            self.finds("a row of strace's table is", table, lambda changed: compare_tables(changed, counted))
        if known and not wrong and "known" not in self.checked:
            self.checked.add("known")
            key = known[0].split("=")[0]
            self.result("a mistake would be found: the program knows another number",
                        [] if len([*compare_known([key + "=4711"], snapshot)]) == 1 else ["it is not"])

    def apart(self, name, directory):
        with open(directory + "/table", encoding="ascii") as lines:
            table = read_table(lines)
        snapshot = read_json(directory + "/plain")
        wrong = [*compare_apart(table, snapshot), *complete(snapshot)]
        self.result(f"{name}: {sum(row[0] for row in table.values())} calls, also in two runs of their own", wrong)
        if not wrong and "apart" not in self.checked:
            self.checked.add("apart")
            self.finds("a row of strace -c is", table, lambda changed: compare_apart(changed, snapshot))

    def finds(self, what, rows, compare):
        """A comparison that finds nothing must be one that would have."""
        key = next(key for key, row in rows.items() if row[-1])

        def change(column, by):
            changed = copy.deepcopy(rows)
            changed[key][column] += by
            return changed

        columns = range(isinstance(rows[key][0], str), len(rows[key]))
        changes = {f"{by:+d} in column {column}": change(column, by) for column in columns for by in (1, -1)}
        changes["not there"] = {other: row for other, row in rows.items() if other != key}
        changes["there in vain"] = {**rows, ("64", "x" if isinstance(key[1], str) else 999): rows[key]}
        wrong = []
        for how, changed in changes.items():
            found = [*compare(changed)]
            if len(found) != 1:
                wrong.append(f"{how}: {found}")
        self.result(f"a mistake would be found: {what} {', '.join(changes)}", wrong)


def main():
    abis = {}
    with open(sys.argv[2], encoding="ascii") as lines:
        for line in lines:
            abi, nr, name = line.split()[:3]
            # strace knows what is of x32 by a bit that no other number has.
            if abi != "x32":
                abis.setdefault((int(nr), name), []).append(abi)
    cases = Cases(int(sys.argv[1]), abis)
    for line in sys.stdin:
        kind, name, directory, status, known = line.rstrip("\n").split("\t")
        try:
            if kind == "inside":
                cases.inside(name, directory, status, known.split())
            else:
                cases.apart(name, directory)
        except (OSError, ValueError, LookupError, StopIteration) as error:
            cases.result(name, [f"{directory}: {error!r}"])
    with open(sys.argv[3], "w", encoding="ascii") as file:
        print(cases.number, file=file)
    return cases.failed


if __name__ == "__main__":
    sys.exit(main())
