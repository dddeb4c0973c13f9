# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # of those who read this in
# What make takes to build the module by clang: the headers are configured for gcc, so what
# clang lacks is switched off.

clang_words=(CC=clang CONFIG_CC_IS_GCC= CONFIG_CC_IS_CLANG=y CONFIG_FTRACE_MCOUNT_USE_CC=
	     CONFIG_RETHUNK= CONFIG_MITIGATION_RETHUNK= CONFIG_SLS= CONFIG_MITIGATION_SLS=
	     CONFIG_INIT_STACK_ALL_ZERO= CONFIG_DEBUG_INFO=
	     KCFLAGS="-Werror -Wno-unknown-warning-option -Wno-address-of-packed-member -Wno-duplicate-decl-specifier")
