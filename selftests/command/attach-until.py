#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""attach-until.py HOW COMMAND...: attach, and end it when it says that it counts.

HOW: end (of the process whose number stands for PID), INT, TERM, HUP, or time. SELF is this one.
Prints what it says on standard error, then its output, and its status.
"""
import os
import re
import signal
import subprocess
import sys

sleeper = subprocess.Popen(["sleep", "1000"])
names = {"PID": str(sleeper.pid), "SELF": str(os.getpid())}
numbers = {number: name for name, number in names.items()}


def with_numbers(arg):
    """Numbers for names."""
    return re.sub("PID|SELF", lambda name: names[name[0]], arg)


def with_names(text):
    """Names for numbers, where processes are listed: a count may be any number."""
    lists = r'(?:\bpid=|\bcounting: |\bprocess(?:es)? |"pids": \[\s*)\d+(?:,\s*\d+)*'
    return re.sub(lists, lambda found: re.sub(
        r"\d+", lambda number: numbers.get(number[0], number[0]), found[0]), text)


args = [with_numbers(arg) if arg.isupper() or "," in arg else arg for arg in sys.argv[2:]]
signal.signal(signal.SIGINT, signal.SIG_DFL)
with open(os.environ["tmp"] + "/attached", "w+b") as output:
    attach = subprocess.Popen(args, stdout=output, stderr=subprocess.PIPE, text=True)
    said = ""
    for line in attach.stderr:
        said += line
        if "counting:" in line and sys.argv[1] == "end":
            sleeper.kill()
            sleeper.wait()
        elif "counting:" in line and sys.argv[1] in ("INT", "TERM", "HUP"):
            attach.send_signal(signal.Signals["SIG" + sys.argv[1]])
    status = attach.wait()
    sleeper.kill()
    output.seek(0)
    text = said + output.read().decode()
print(with_names(text) + f"status {status}")
