# SPDX-License-Identifier: GPL-2.0-only
# The targets that people type; `make help` lists them. Kbuild is what the kernel's
# build reads. Everything that is built goes to build/.

# The kernel to build for: the running one if its headers are there, else the
# newest of those that are installed.
KVER ?= $(firstword $(foreach v,$(shell uname -r),$(if $(wildcard /lib/modules/$v/build),$v)) \
	  $(patsubst /usr/src/linux-headers-%,%,$(lastword $(shell \
		ls -dv /usr/src/linux-headers-*-$(shell dpkg --print-architecture) 2>/dev/null))))
KDIR ?= $(firstword $(wildcard /lib/modules/$(KVER)/build /usr/src/linux-headers-$(KVER)))
# A root file system to build in, of which KDIR is a part (see scripts/vm.d/in-root).
KROOT ?=
VERSION := $(shell sed -n 's/^\#define SYSCOUNT_VERSION "\(.*\)"/\1/p' module/version.h)

BUILD := $(CURDIR)/build
# Of a module that counts what of it runs (see Kbuild)
COVERAGE :=
MODULE_DIR := $(BUILD)/$(KVER)$(if $(COVERAGE),-coverage)
MODULE_SOURCES := Kbuild scripts/gen-tables.sh scripts/categories.txt \
	$(wildcard module/*.[chS] module/uapi/linux/*.h)

DESTDIR ?=
PREFIX ?= /usr/local
MANDIR ?= $(PREFIX)/share/man
INCLUDEDIR ?= $(PREFIX)/include
MODLIB ?= /lib/modules/$(KVER)
SRCDIR ?= /usr/src/syscount-$(VERSION)

export PREFIX DESTDIR

all: module tool man

module: $(MODULE_DIR)/syscount.ko

# Built on a copy, so that the sources stay clean and every kernel has its own.
$(MODULE_DIR)/syscount.ko: $(MODULE_SOURCES)
	@test -n "$(KDIR)" || { echo "make: no headers of kernel '$(KVER)': install linux-headers, or type 'make setup'" >&2; exit 1; }
	@mkdir -p $(MODULE_DIR)
	@cp --parents -pu $(MODULE_SOURCES) $(MODULE_DIR)
	+$(call kbuild,$(MODULE_DIR))
	@touch $@

kbuild = $(if $(KROOT),scripts/vm.d/in-root $(KROOT) $1) $(MAKE) -C $(KDIR) M=$1 modules

# For kernels that load nothing else. The last signature is the one that counts.
SIGN_HASH = $(or $(shell sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' $(KDIR)/.config),sha256)

sign: sign-files module
	$(KDIR)/scripts/sign-file $(SIGN_HASH) "$(KEY)" "$(CERT)" $(MODULE_DIR)/syscount.ko || \
		{ echo "make: sign: '$(KEY)', '$(CERT)': $(SIGN_FILES)" >&2; exit 1; }

SIGN_FILES := KEY= is the private key (PEM), CERT= its certificate

sign-files:
	@for file in "$(KEY)" "$(CERT)"; do \
		case $$file in pkcs11:*) ;; *) test -f "$$file" -a -r "$$file" || { \
			echo "make: sign: '$$file' cannot be read: $(SIGN_FILES)" >&2; exit 1; } ;; \
		esac; \
	done

# Modules for tests alone; never installed.
TEST_MODULES := neighbour planted

test-modules: $(TEST_MODULES:%=$(MODULE_DIR)/%/built)

$(MODULE_DIR)/%/built: $(wildcard $(TEST_MODULES:%=selftests/%/*)) module/compat.h
	@mkdir -p $(@D)
	@cp -pu selftests/$*/* module/compat.h $(@D)
	+$(call kbuild,$(@D))
	@touch $@

tool:
	$(MAKE) -C userspace O=$(BUILD)

MAN := $(patsubst Documentation/man/%.adoc,$(BUILD)/man/%,$(wildcard Documentation/man/*.adoc))

man: $(MAN)

$(BUILD)/man/%: Documentation/man/%.adoc module/version.h
	@mkdir -p $(@D)
	asciidoctor -b manpage -a manversion=$(VERSION) -o $@ $<

setup:
	scripts/setup.sh

vm:
	scripts/setup.sh build vm
	scripts/vm -l

demo:
	scripts/setup.sh build vm
	scripts/demo.sh

test: setup
	scripts/test.sh

# -s of those that have it
short = $(if $(DOSE),$(if $(filter-out short,$(DOSE)),$(error DOSE=$(DOSE): there is short, or none),-s))

test-matrix:
	scripts/setup.sh build vm test arm64
	scripts/matrix.sh $(short)

test-matrix-publish:
	scripts/matrix.sh -p

test-debug:
	scripts/setup.sh build vm test $(if $(short),,debug)
	scripts/test-debug.sh $(short)

coverage:
	scripts/setup.sh build vm test debug coverage
	scripts/coverage.sh

coverage-publish:
	scripts/coverage.sh -p

check: setup
	scripts/check.sh

fuzz:
	scripts/setup.sh fuzz
	selftests/fuzzers/fuzz.sh

bench:
	scripts/setup.sh build vm bench
	selftests/bench/bench.sh

bench-publish:
	selftests/bench/bench.sh -p

install: all
	install -D -m 644 $(MODULE_DIR)/syscount.ko $(DESTDIR)$(MODLIB)/extra/syscount.ko
	install -D -m 644 module/uapi/linux/syscount.h $(DESTDIR)$(INCLUDEDIR)/linux/syscount.h
	for page in $(MAN); do \
		install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit; \
	done
	$(MAKE) -C userspace O=$(BUILD) install
	$(if $(DESTDIR),,depmod $(KVER))
	$(if $(DESTDIR)$(filter $(KVER),$(shell uname -r)),,@echo "make: installed for $(KVER), which is not the running kernel" >&2)

uninstall:
	rm -f $(DESTDIR)$(MODLIB)/extra/syscount.ko $(DESTDIR)$(INCLUDEDIR)/linux/syscount.h
	rm -f $(foreach page,$(MAN),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	$(MAKE) -C userspace O=$(BUILD) uninstall
	$(if $(DESTDIR),,depmod $(KVER))

dkms-install:
	install -d $(DESTDIR)$(SRCDIR)
	cp --parents -p $(MODULE_SOURCES) dkms.conf $(DESTDIR)$(SRCDIR)
	$(if $(DESTDIR),,dkms add -m syscount -v $(VERSION) && dkms install -m syscount -v $(VERSION))

dkms-uninstall:
	$(if $(DESTDIR),,-dkms remove -m syscount -v $(VERSION) --all)
	rm -rf $(DESTDIR)$(SRCDIR)

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^#: //p' Makefile

#: make                 the module, the command and the manual, in build/
#: make demo            a VM with the module loaded shows what it does
#: make test            all tests, in the VM and outside
#: make test-matrix     the tests on other kernels, with other CPUs and preemption (DOSE=short: less)
#: make test-matrix-publish what that found, into Documentation/kernels.md and README
#: make test-debug      tests on kernels that look for faults, and long ones; hours (DOSE=short: less)
#: make coverage        what of the module the tests in VMs reach, and why not the rest
#: make coverage-publish what that found, into Documentation/testing.md
#: make vm              a shell in a VM with the module loaded
#: make check           the static checks
#: make fuzz            the command's parsers on made-up input, for FUZZ_SECONDS (120)
#: make bench           what counting costs, ours and the peers', on each kernel
#: make bench-publish   what that found, into Documentation/bench.json and bench.svg
#: make module tool man the three parts of `make` by themselves
#: make sign KEY=FILE CERT=FILE   sign the module, for kernels that want that (see README)
#: make install         into PREFIX (/usr/local) and /lib/modules, below DESTDIR if given
#: make uninstall       the reverse
#: make dkms-install    give the module to DKMS, which builds it for each kernel
#: make dkms-uninstall  the reverse
#: make setup           install, as root, what building, make test, check and fuzz need; the others
#:                      install what else they need themselves
#: make clean           remove build/
#:
#: KVER=VERSION         the kernel to build for (its headers must be installed; default: the
#:                      running one, or the newest that has them)

.PHONY: all module sign sign-files test-modules tool man setup vm demo test test-matrix test-matrix-publish test-debug coverage coverage-publish check fuzz bench bench-publish install uninstall dkms-install dkms-uninstall clean help
