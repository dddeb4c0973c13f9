#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What of the module ran, of what gcovr says, and why the rest did not.

Usage: report.py [-m] JSON SOURCES REASONS

JSON is gcovr's, of sources below the directory SOURCES; REASONS is the file `uncovered`,
which says what it looks like. Exit status 1: too little ran, or REASONS is not right.

  -m   a table in Markdown, of the numbers alone
"""

import json
import os
import re
import sys

LEAST_LINES, LEAST_BRANCHES = 95, 85    # percent

# Where a function of the kernel's style begins.
FUNCTION = re.compile(r"^(?=[a-zA-Z])[^=;]*?(\w+)\(")


class Line:
    """One with code that did not run, or of which not every branch did."""

    def __init__(self, file, number, function, text, ran, branches, taken):
        self.file, self.number, self.function, self.text = file, number, function, text
        self.ran, self.branches, self.taken = ran, branches, taken

    def __str__(self):
        what = f"{self.taken} of {self.branches} branches" if self.ran else "never"
        return f"{self.file}:{self.number}: {self.function}: {self.text} ({what})"


class File:
    def __init__(self, name):
        self.name = name
        self.lines = self.ran = self.branches = self.taken = 0
        self.uncovered = []


class Entry:
    """One of REASONS: a function, or in it, or wherever, the lines that begin with a text."""

    def __init__(self, number, file, function, text, reason):
        self.number, self.file, self.function = number, file, function
        self.text, self.reason = text, reason
        self.found = []

    def is_for(self, line):
        return (self.file in ("*", line.file) and self.function in ("*", line.function) and
                line.text.startswith(self.text))


class Reason:
    def __init__(self, text, sometimes):
        self.text = text
        self.sometimes = sometimes      # what it is for may run, or not


def functions_of(text):
    """For each line, the function that it is in."""
    functions, current = [], "-"
    for line in text:
        match = FUNCTION.match(line)
        if match:
            current = match.group(1)
        functions.append(current)
    return functions


def read_coverage(path, sources):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    for item in data["files"]:
        with open(os.path.join(sources, item["file"]), encoding="utf-8") as file:
            text = file.read().splitlines()
        functions = functions_of(text)
        result = File(os.path.basename(item["file"]))
        for line in item["lines"]:
            if line["gcovr/noncode"]:
                continue
            number = line["line_number"]
            ran = line["count"] > 0
            branches = len(line["branches"])
            taken = sum(branch["count"] > 0 for branch in line["branches"])
            result.lines += 1
            result.ran += ran
            result.branches += branches
            result.taken += taken
            if not ran or taken < branches:
                result.uncovered.append(Line(result.name, number, functions[number - 1],
                                             text[number - 1].strip(), ran, branches, taken))
        if result.lines:
            yield result


def read_reasons(path):
    reason, entries = None, []
    begun = False       # the text of a reason, which may go on
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                begun = False
            elif line[0] in "=~":
                text = line[1:].strip()
                if begun and reason.sometimes == (line[0] == "~"):
                    reason.text += " " + text
                else:
                    reason = Reason(text, line[0] == "~")
                begun = True
            else:
                match = re.fullmatch(r"(\S+) (\S+?):(?: (.*))?", line)
                if not match or not reason:
                    sys.exit(f"{path}:{number}: no entry: {line}")
                begun = False
                entries.append(Entry(number, *match.groups(default=""), reason))
    return entries


def percent(part, whole):
    """Rounded down, so that what is said is reached."""
    return part * 1000 // whole / 10 if whole else 100.0


def numbers(files):
    lines, branches = sum(f.lines for f in files), sum(f.branches for f in files)
    ran, taken = sum(f.ran for f in files), sum(f.taken for f in files)
    return (percent(ran, lines), ran, lines, percent(taken, branches), taken, branches)


def print_table(files, name_format, row, head):
    print(head)
    for file in files:
        print(row.format(name_format.format(file.name), *numbers([file])))
    print(row.format("total", *numbers(files)))


def print_lines(lines):
    for line in lines:
        print(f"    {line}")


def explain(files, entries):
    """Prints what did not run, by reason. Returns what is wrong with the reasons."""
    faults, rest = [], []
    for file in files:
        for line in file.uncovered:
            entry = next((entry for entry in entries if entry.is_for(line)), None)
            if entry:
                entry.found.append(line)
            elif line.ran:
                rest.append(line)
            else:
                faults.append(f"{line}: without a reason")
    by_reason = {}
    for entry in entries:
        by_reason.setdefault(entry.reason, []).extend(entry.found)
        if not entry.found and not entry.reason.sometimes:
            faults.append(f"uncovered:{entry.number}: {entry.file} {entry.function}: {entry.text}: "
                          "all of it is reached, or it is not there")
    for reason, lines in by_reason.items():
        if lines:
            print(f"\n{reason.text}:")
            print_lines(lines)
    if rest:
        print("\nNot every branch, without a reason:")
        print_lines(rest)
    return faults


def main():
    arguments = sys.argv[1:]
    markdown = arguments[:1] == ["-m"]
    if markdown:
        del arguments[0]
    if len(arguments) != 3:
        sys.exit(__doc__)
    files = list(read_coverage(*arguments[:2]))
    entries = read_reasons(arguments[2])
    if markdown:
        print_table(files, "`{}`", "| {} | {} % | {} of {} | {} % | {} of {} |",
                    "| file | lines | | branches | |\n|---|---|---|---|---|")
        return
    print_table(files, "{}", "{:20} {:5} {:5} {:5}   {:5} {:5} {:5}",
                f"{'FILE':20} {'LINES':>5} {'RAN':>5} {'OF':>5}   {'BR.':>5} {'TAKEN':>5} {'OF':>5}")
    faults = explain(files, entries)
    lines, _, _, branches, _, _ = numbers(files)
    if lines < LEAST_LINES or branches < LEAST_BRANCHES:
        faults.append(f"{lines} % of lines and {branches} % of branches: less than "
                      f"{LEAST_LINES} % and {LEAST_BRANCHES} %")
    if faults:
        print()
    for fault in faults:
        print(f"coverage: {fault}")
    print(f"\n{lines} % of lines, {branches} % of branches")
    sys.exit(bool(faults))


main()
