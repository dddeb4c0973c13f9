#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""on-terminal.py COLUMNS COMMAND...: run it on a terminal, its output to stdout."""
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios

# When the last one closes a terminal, or the leader of its session ends, what was written
# last may be lost: Linux looks first whether there is more to read and then whether the
# terminal is closed, and hanging up empties it. So the leader is ours and stays, and what it
# writes last, behind all output, is the status.
master, slave = os.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, int(sys.argv[1]), 0, 0))
if not os.fork():
    os.close(master)
    os.login_tty(slave)
    os.write(1, b"\0%d\0" % subprocess.call(sys.argv[2:]))
    signal.pause()
output = b""
while not (end := re.search(rb"\0(-?\d+)\0$", output)):
    output += os.read(master, 65536)
os.close(master)
os.wait()
sys.stdout.buffer.write(output[:end.start()].replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(int(end[1]))
