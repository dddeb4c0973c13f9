#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""interrupt-twice.py COMMAND...: Ctrl-C, twice, while nobody reads its output."""
import fcntl
import os
import signal
import subprocess
import sys
import time

r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
process = subprocess.Popen(sys.argv[1:], stdout=w)


def blocked():
    """Whether it waits for room in the pipe."""
    with open(f"/proc/{process.pid}/wchan", encoding="ascii") as f:
        return "pipe" in f.read()


while process.poll() is None and not blocked():
    time.sleep(0.02)
if process.returncode is not None:
    sys.exit("it ended by itself")
process.send_signal(signal.SIGINT)
try:
    process.wait(0.5)
    print("ended at the first")
except subprocess.TimeoutExpired:
    process.send_signal(signal.SIGINT)
    print(process.wait() == -signal.SIGINT)
