#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-signals.py SYSCOUNT: what 'syscount run' does with signals, waiting for no time."""
import os
import signal
import subprocess
import sys
import termios

# Says that it is there, then what it gets; TERM and HUP end it.
PROGRAM = """
import os, signal, sys
names = {signal.SIGINT: "INT", signal.SIGTERM: "TERM", signal.SIGHUP: "HUP", signal.SIGQUIT: "QUIT"}
signal.pthread_sigmask(signal.SIG_BLOCK, names)
signal.signal(signal.SIGINT, signal.SIG_DFL)
print(os.getpid(), flush=True)
while True:
    got = signal.sigwait(names)
    print(names[got], flush=True)
    if got == signal.SIGTERM:
        sys.exit(7)
    if got == signal.SIGHUP:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, names)
        os.kill(os.getpid(), signal.SIGINT)
"""


def start(program, **more):
    """The command, and the process that it runs."""
    args = [sys.argv[1], "run", "-o", os.environ["tmp"] + "/signals", "--", *program]
    process = subprocess.Popen(args, stdout=subprocess.PIPE, text=True, **more)
    return process, int(process.stdout.readline())


def finish(what, process):
    """How it ended, and the title that it printed."""
    status = process.wait()
    with open(os.environ["tmp"] + "/signals", encoding="utf-8") as f:
        title = f.readline().strip().rsplit(", ", 1)[1]
    print(f"{what}: {process.stdout.read().split()} {title}, status {status}")


PYTHON = [sys.executable, "-c", PROGRAM]

p, child = start(PYTHON)
p.send_signal(signal.SIGTERM)
finish("TERM is passed on", p)

p, child = start(PYTHON, restore_signals=True)
p.send_signal(signal.SIGHUP)
finish("HUP is passed on, INT kills", p)

# To both, as a terminal sends it: the program goes on, and so does the command.
p, child = start(PYTHON, start_new_session=True)
for number in signal.SIGINT, signal.SIGQUIT:
    os.killpg(p.pid, number)
    print(p.stdout.readline().strip())
os.kill(child, signal.SIGTERM)
finish("INT and QUIT to both", p)

# A program that sends its group a signal gets it once.
p, child = start(["sh", "-c", "trap 'echo TERM' TERM; echo $$; kill -TERM 0; exit 4"],
                 start_new_session=True)
finish("TERM from itself", p)

p, child = start(["sh", "-c", "echo $$; kill -KILL $$"])
finish("KILL", p)

# On a terminal, Ctrl-C and Ctrl-\ reach the program alone. Who leads the session stays to the
# end: what was written last may be lost when he goes. No echo, which may come before an answer
# or behind it.
fd, slave = os.openpty()
modes = termios.tcgetattr(slave)
modes[3] &= ~termios.ECHO
termios.tcsetattr(slave, termios.TCSANOW, modes)
told, tell = os.pipe()
if not os.fork():
    os.close(fd)
    os.login_tty(slave)
    for number in signal.SIGINT, signal.SIGQUIT:
        signal.signal(number, lambda *_: None)
    p = subprocess.Popen([sys.argv[1], "run", "-o", os.environ["tmp"] + "/signals", *PYTHON])
    os.write(tell, b"%d" % p.pid)
    print("terminal: status", p.wait(), flush=True)
    signal.pause()
pid = int(os.read(told, 16))
with os.fdopen(os.dup(fd), "r", encoding="utf-8", newline="\n") as terminal:
    int(terminal.readline())
    for key in b"\x03", b"\x1c":
        os.write(fd, key)
        print(terminal.readline().strip())
    os.kill(pid, signal.SIGTERM)
    for line in range(2):
        print(terminal.readline().strip())
os.close(fd)
os.wait()
