#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""at-wait.py ACTIONS COMMAND...: do each of ACTIONS when the command waits for something.

ACTIONS, with commas between: stop it and let it go on; a signal's name; end its standard input,
of which it had the first half; drain its standard output, which was full. Prints its status.
"""
import re
import signal
import subprocess
import sys
import time

actions = sys.argv[1].split(",")
pipes = {}
if "end" in actions:
    text = sys.stdin.buffer.read()
    pipes["stdin"] = subprocess.PIPE
if "drain" in actions:
    pipes["stdout"] = subprocess.PIPE
process = subprocess.Popen(sys.argv[2:], bufsize=0, pipesize=4096, **pipes)
if "end" in actions:
    process.stdin.write(text[:len(text) // 2])


def wait_until(condition):
    """Of a process that has not ended; no longer than for half a minute."""
    until = time.monotonic() + 30
    while not condition():
        if process.poll() is not None:
            sys.exit(f"ended by itself, status {process.returncode}")
        if time.monotonic() > until:
            process.kill()
            sys.exit("it does not wait")
        time.sleep(0.01)


def has(file, regex):
    """What /proc says of it."""
    with open(f"/proc/{process.pid}/{file}", encoding="ascii") as f:
        return re.search(regex, f.read())


for action in actions:
    # It may have read what came, and not wait for more yet.
    wait_until(lambda: has("wchan", "poll|pipe|sleep|sigtimedwait") and has("stat", r"\) S "))
    if action == "stop":
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: has("stat", r"\) T "))
        process.send_signal(signal.SIGCONT)
    elif action == "end":
        process.stdin.write(text[len(text) // 2:])
        process.stdin.close()
    elif action == "drain":
        sys.stdout.buffer.write(process.stdout.read())
    else:
        process.send_signal(signal.Signals["SIG" + action])
print(f"status {process.wait()}")
