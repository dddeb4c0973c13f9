#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What bench.sh and guest.sh found, as JSON, as tables and as a chart.

Usage: report.py json LINES             lines of one kernel, as JSON
       report.py join JSON...           several kernels in one
       report.py table JSON...          to read
       report.py chart JSON [KERNEL]    SVG; the bars are KERNEL's (a series), or the first one's
       report.py failed JSON...         exit status 1 if something did
"""

import json
import math
import sys
from xml.sax.saxutils import escape


# From lines


class Lines:
    """Lines as guest.sh writes them, one after the other."""

    def __init__(self):
        self.kernel = {"packages": {}, "calls": [], "times": [], "reading": [],
                       "parallel": [], "faults": []}
        self.part = None
        self.rows = []          # of this part
        self.current = None     # between begin and end
        self.bare = {}          # call or number of CPUs: the last bare figures
        self.waiting = []       # rows that wait for the bare figures after them

    def read(self, file):
        for line in file:
            word, _, rest = line.strip().partition(" ")
            if not word:
                continue
            handle = getattr(self, "on_" + word, None)
            if handle:
                handle(rest)
            else:       # what some program of the guest said, which it should not
                self.on_fault(f"{self.part}: {line.strip()}")
        return self.kernel

    def on_info(self, rest):
        key, _, value = rest.partition(" ")
        self.kernel[key] = value

    def on_package(self, rest):
        name, version = rest.split()
        self.kernel["packages"][name] = version

    def on_part(self, rest):
        self.part = rest
        self.bare, self.waiting = {}, []

    def on_list(self, rest):
        # Another VM: what it costs there has nothing to do with the last one.
        self.bare, self.waiting = {}, []

    def on_begin(self, rest):
        name, figure, kind, title = rest.split(" ", 3)
        self.current = {"name": name, "title": title, "kind": kind, "figure": figure,
                        "bare_before": dict(self.bare), "bare_after": {}, "with": {},
                        "counted": {}}
        self.waiting = []
        self.kernel[self.part].append(self.current)

    def on_end(self, rest):
        self.waiting = [self.current]
        self.current = None

    @staticmethod
    def figures(words):
        return {"least": float(words[0]), "mean": float(words[1])}

    def on_bare(self, rest):
        key, *words = rest.split()
        figures = {"least": float(words[0])} if self.part == "parallel" else self.figures(words)
        self.bare[key] = figures
        for row in self.waiting:
            row["bare_after"][key] = figures

    def on_with(self, rest):
        key, *words = rest.split()
        self.current["with"][key] = (
            {"least": float(words[0])} if self.part == "parallel" else self.figures(words))

    def on_counted(self, rest):
        call, counted, made = rest.split()
        self.current["counted"][call] = {"counted": int(counted), "made": int(made)}

    def on_failed(self, rest):
        if self.current is None:
            self.kernel["faults"].append(f"{self.part}: {rest}")
        else:
            self.current.setdefault("failed", rest)

    def on_fault(self, rest):
        self.kernel["faults"].append(rest)

    def on_time(self, rest):
        hook, step, took = rest.split()
        self.kernel["times"].append({"hook": hook, "step": step, "ns": int(took)})

    def on_reading(self, rest):
        cpus, rows, proc, ioctl = map(int, rest.split())
        if all(row["possible_cpus"] != cpus for row in self.kernel["reading"]):
            self.kernel["reading"].append({"possible_cpus": cpus, "rows": rows, "proc": proc,
                                           "ioctl": ioctl})


def finish(kernel):
    """Added is with, less the mean of bare before and after; parallel, a ratio."""
    for part in ("calls", "parallel"):
        for row in kernel[part]:
            if not row["with"]:     # also if this was ended meanwhile
                row.setdefault("failed", "nothing was measured")
            result = {}
            for key, figures in row["with"].items():
                bare = [row[when][key][row["figure"]] for when in ("bare_before", "bare_after")
                        if key in row[when]]
                if not bare:
                    row.setdefault("failed", "there is no bare figure beside it")
                    continue
                bare = sum(bare) / len(bare)
                value = figures[row["figure"]]
                result[key] = round(value / bare if part == "parallel" else value - bare, 3)
            row["ratio" if part == "parallel" else "added"] = result
    for row in kernel["parallel"]:
        row["cpus"] = int(next(iter(row["bare_before"]), 0))
    return kernel


# Tables


def columns(rows, left=1):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip()


def drift(row):
    """Bare calls that were not the same after it as before."""
    for call, before in row["bare_before"].items():
        if call not in row["bare_after"]:
            yield f"bare {call}: not measured afterwards"
            continue
        after = row["bare_after"][call]
        # Opening a file allocates it and frees the last ones: never twice the same.
        if abs(after["least"] - before["least"]) >= max(1, before["least"] / 200):
            yield f"bare {call}: {before['least']:.0f} before, {after['least']:.0f} after"


def table_calls(kernel):
    rows = kernel["calls"]
    calls = list(next((row["bare_before"] for row in rows if row["bare_before"]), {}))
    if not calls:
        return
    print("Added instructions per call:")
    print()
    bare = next(row["bare_before"] for row in rows if row["bare_before"])
    cells = [["", *calls], ["(bare)", *(f"{bare[call]['least']:.0f}" for call in calls)]]
    notes = []
    for row in rows:
        if "failed" in row:
            cells.append([row["title"], *("failed" for call in calls)])
            notes.append(f"{row['title']}: {row['failed']}")
        else:
            cells.append([row["title"], *(f"{round(row['added'][call]):+}" for call in calls)])
        notes += [f"{row['title']}: {text}" for text in drift(row)]
    print(*columns(cells), sep="\n")
    print()
    for note in notes:
        print(f"  {note}")
    if kernel.get("deterministic") != "yes":
        print(f"  these figures are {kernel.get('deterministic', 'not deterministic')}")
    means = [row["title"] for row in rows if row["figure"] == "mean"]
    if means:
        print(f"  means, others are the cheapest loop: {', '.join(means)}")
    print()


def table_times(kernel):
    steps = list(dict.fromkeys(row["step"] for row in kernel["times"]))
    hooks = list(dict.fromkeys(row["hook"] for row in kernel["times"]))
    if not steps:
        return
    took = {(row["hook"], row["step"]): row["ns"] for row in kernel["times"]}
    print("Nanoseconds of the guest's clock, one an instruction, waiting included:")
    print()
    print(*columns([["hook", *steps]] + [
        [hook, *(f"{took[hook, step]:,}" for step in steps)] for hook in hooks]), sep="\n")
    print()


def table_reading(kernel):
    if not kernel["reading"]:
        return
    print("Instructions per reading:")
    print()
    print(*columns([["possible CPUs", "rows", "/proc/syscount", "SYSCOUNT_IOC_READ"]] + [
        [str(row["possible_cpus"]), str(row["rows"]), f"{row['proc']:,}", f"{row['ioctl']:,}"]
        for row in kernel["reading"]]), sep="\n")
    print()


def table_parallel(kernel):
    rows = kernel["parallel"]
    cpus = sorted({row["cpus"] for row in rows if row["cpus"]})
    if not cpus:
        return
    print("Time per getppid() on all CPUs at once, as a ratio to bare (wall clock, emulated):")
    print()
    cells = {}
    for row in rows:
        cells.setdefault(row["title"], {})[row["cpus"]] = (
            "failed" if "failed" in row else f"{next(iter(row['ratio'].values())):.2f}")
    print(*columns([["CPUs", *map(str, cpus)]] + [
        [title, *(line.get(number, "") for number in cpus)] for title, line in cells.items()]),
        sep="\n")
    print()
    for row in rows:
        if "failed" in row:
            print(f"  {row['title']}, {row['cpus']} CPUs: {row['failed']}")


def table(kernel):
    print(f"Kernel {kernel['kernel']}, syscount {kernel['syscount']}, QEMU {kernel['qemu']}"
          + "".join(f", {name} {version}" for name, version in kernel["packages"].items()))
    print()
    table_calls(kernel)
    table_times(kernel)
    table_reading(kernel)
    table_parallel(kernel)
    for fault in kernel["faults"]:
        print(f"  {fault}")


# The chart

# Both its colours and its background, so that it can be read wherever it is put;
# dark where the reader prefers that.
STYLE = """
  .back { fill: #ffffff; stroke: #d0d7de }
  text { font: 13px sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: bold }
  .head, .note { fill: #59636e; font-size: 12px }
  .number { text-anchor: end; font-variant-numeric: tabular-nums }
  .axis { text-anchor: middle; fill: #59636e; font-size: 12px }
  .grid { stroke: #d8dee4 }
  .ours { fill: #1a7f37 }
  .peer { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .head, .note, .axis { fill: #9198a1 }
    .grid { stroke: #2a313a }
    .ours { fill: #3fb950 }
    .peer { fill: #6e7681 }
  }
"""

OURS = ("module", "off", "run", "attach", "other")
LEFT, WIDE, NUMBER, LINE, TOP = 300, 380, 76, 26, 92


def chart(kernels, series=None):
    call = "getppid"
    kernels = [kernel for kernel in kernels if kernel["calls"]]
    main = next((kernel for kernel in kernels if kernel["series"] == series), kernels[0])
    kernels.sort(key=lambda kernel: kernel is not main)
    value = {(kernel["kernel"], row["name"]): row["added"][call]
             for kernel in kernels for row in kernel["calls"]
             if "failed" not in row and call in row["added"]}
    rows = list({row["name"]: row for kernel in kernels for row in kernel["calls"]}.values())

    def cheapness(row):
        return next((value[kernel["kernel"], row["name"]] for kernel in kernels
                     if (kernel["kernel"], row["name"]) in value), math.inf)

    rows.sort(key=cheapness)
    top = max(value.values(), default=10)
    decades = max(1, math.ceil(math.log10(top)))

    def x(number):
        return LEFT + WIDE * max(0, math.log10(max(number, 1))) / decades

    width = LEFT + WIDE + NUMBER * len(kernels) + 30
    height = TOP + LINE * len(rows) + 64
    bottom = TOP + LINE * len(rows) + 6
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           f'width="{width}" height="{height}" role="img">')
    title = f"What counting every system call adds to {call}()"
    yield f"<title>{escape(title)}</title>"
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="back" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>'
    yield f'<text class="title" x="20" y="32">{escape(title)}</text>'
    yield (f'<text class="note" x="20" y="52">Bars: Linux {escape(main["series"])}. '
           'Green: this module; grey: others. * mean of caller and tool, else the cheapest loop.</text>')
    for i, kernel in enumerate(kernels):
        yield (f'<text class="head number" x="{LEFT + WIDE + NUMBER * (i + 1)}" y="{TOP - 14}">'
               f'{escape(kernel["series"])}</text>')
    for decade in range(decades + 1):
        at = x(10 ** decade)
        yield f'<path class="grid" d="M{at:.1f} {TOP - 4}V{bottom}"/>'
        yield f'<text class="axis" x="{at:.1f}" y="{bottom + 18}">{10 ** decade:,}</text>'
    for i, row in enumerate(rows):
        y = TOP + LINE * i
        name = shortened(row["title"]) + (" *" if row["figure"] == "mean" else "")
        yield f'<text x="20" y="{y + 17}">{escape(name)}</text>'
        number = value.get((main["kernel"], row["name"]))
        if number is not None and round(number) >= 1:
            kind = "ours" if row["kind"] in OURS else "peer"
            yield (f'<rect class="{kind}" x="{LEFT}" y="{y + 4}" width="{max(2, x(number) - LEFT):.1f}" '
                   f'height="{LINE - 8}" rx="2"/>')
        for j, kernel in enumerate(kernels):
            number = value.get((kernel["kernel"], row["name"]))
            text = "-" if number is None else f"{round(number):,}"
            yield (f'<text class="number" x="{LEFT + WIDE + NUMBER * (j + 1)}" y="{y + 17}">'
                   f'{text}</text>')
    yield (f'<text class="axis" x="{LEFT + WIDE / 2}" y="{bottom + 38}">'
           'added instructions per call, logarithmic (instructions are not time)</text>')
    yield "</svg>"


def shortened(title):
    """A name for the label; the whole command is in the table."""
    for begin, short in (("bpftrace ", "bpftrace, count() by number"),
                         ("syscount-libbpf -L", "libbpf-tools syscount -L (latency)"),
                         ("syscount-libbpf -P", "libbpf-tools syscount -P (process)"),
                         ("syscount-libbpf", "libbpf-tools syscount"),
                         ("perf stat", "perf stat -e raw_syscalls:sys_enter"),
                         ("ftrace: ring", "ftrace ring buffer"),
                         ("ftrace: hist", "ftrace histogram, by number")):
        if title.startswith(begin):
            return short
    return title


def load(names):
    kernels = []
    for name in names:
        with open(name, encoding="utf-8") as file:
            content = json.load(file)
        kernels += content["kernels"] if "kernels" in content else [content]
    return kernels


def faulty(kernel):
    return bool(kernel["faults"] or (kernel["calls"] and kernel.get("deterministic") != "yes")
                or any("failed" in row for part in ("calls", "parallel") for row in kernel[part]))


def main(action, *names):
    status = 0
    if action == "json":
        with open(names[0], encoding="utf-8") as file:
            print(json.dumps(finish(Lines().read(file)), indent=1))
    elif action == "join":
        kernels = load(names)
        series = [kernel["series"] for kernel in kernels]
        if len(series) != len(set(series)):
            sys.exit(f"two results for one kernel, of {', '.join(series)}: remove one")
        for kernel in kernels:
            if faulty(kernel):
                sys.exit(f"{kernel['kernel']}: something failed, see report.py table")
        print(json.dumps({"kernels": kernels}, indent=1))
    elif action == "table":
        for kernel in load(names):
            table(kernel)
    elif action == "chart":
        print(*chart(load(names[:1]), *names[1:]), sep="\n")
    elif action == "failed":
        for kernel in load(names):
            if faulty(kernel):
                status = 1
    else:
        sys.exit(__doc__)
    return status


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
