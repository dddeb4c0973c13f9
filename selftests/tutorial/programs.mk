# SPDX-License-Identifier: GPL-2.0-or-later
# What ../Makefile and ./Makefile need to know of the tutorial's programs.

TUTORIAL := count calls_libc calls_raw write_printf write_syscall write_bare
TUTORIAL += allocate refused messages shared

TEST_GEN_FILES += $(addprefix tutorial/,$(TUTORIAL))

# No C library, so nothing that starts or ends the program.
%_bare: LDFLAGS += -nostdlib -static
