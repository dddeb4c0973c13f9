#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""attach-until.py HOW COMMAND...: attach, and end it when it says that it counts.

HOW: end (of the process whose number stands for PID), INT, TERM, HUP, or time. SELF is this one.
Prints what it says on standard error, then its output, and its status.
"""
import os
import signal
import subprocess
import sys

sleeper = subprocess.Popen(["sleep", "1000"])
names = {"PID": str(sleeper.pid), "SELF": str(os.getpid())}


def translate(text, table):
    """Numbers for names, or the other way round."""
    for name, number in table.items():
        text = text.replace(name, number)
    return text


args = [translate(arg, names) if arg.isupper() or "," in arg else arg for arg in sys.argv[2:]]
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
print(translate(text, {number: name for name, number in names.items()}) + f"status {status}")
