#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""to-nobody.py default|ignored COMMAND...: write to a pipe whose reader is gone, with SIGPIPE so.

Prints the status.
"""
import os
import subprocess
import sys

r, w = os.pipe()
os.close(r)
print(subprocess.run(sys.argv[2:], stdout=w, check=False,
                     restore_signals=sys.argv[1] == "default").returncode)
