# SPDX-License-Identifier: BSD-2-Clause
# `make help` lists the targets.  Variables:
#   O=build     where everything goes; nothing is ever written into source folders
#   CC=clang    another compiler            V=1       show the commands
#   T=name      tests whose name has this   WERROR=1  warnings are errors
#   PREFIX=/usr/local DESTDIR=              where `make install` puts things
# Variants, each in an O of its own: OPT=-O0, SAN=address,undefined, COVER=1, JEMALLOC=0;
# TEST_O=build takes that O's objects of the tests themselves, which take long to compile.

VERSION := 0.1.0
O       ?= build
TEST_O  ?= $(O)
PREFIX  ?= /usr/local
ARCH    ?= $(shell uname -m)
OPT     ?= -O2
ifeq ($(origin CC),default)
CC      := gcc
endif
ifeq ($(origin CXX),default)
CXX     := g++
endif
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
JEMALLOC ?= $(if $(SAN),0,1)

# ---- What there is ---------------------------------------------------------

CORE_SRC := $(wildcard sched/*/*.c affinity/*.c topology/*.c)
PORT_SRC := $(wildcard hv-integration/port/*.c hv-integration/control/*.c)
THREAD_SRC := $(wildcard hv-integration/thread/*.c)
HVCTL_SRC := $(wildcard hv-integration/hvctl/*.c)
HOST_SRC := $(filter-out sim/main.c,$(wildcard sim/*.c sim/models/*.c topology/host/*.c))
TEST_SRC := $(wildcard tests/unit/*.cc tests/table/*.cc tests/golden/*.cc tests/prop/*.cc)
CLI_SRC  := $(wildcard tests/cli/*.cc)
# The long ones first: checks run side by side.
LONG     := tests/build/valgrind.sh tests/build/asan.sh tests/build/determinism.sh
SCRIPTS  := $(LONG) $(filter-out $(LONG),$(wildcard tests/build/*.sh tests/tidy/test_*.sh \
              tests/embed/*.sh tests/cli/*.sh))
HV_LONG  := tests/hv/shares.sh tests/hv/linux.sh tests/hv/isolation.sh tests/hv/sedf.sh
HV_SCRIPTS := $(if $(filter x86_64,$(ARCH)),$(HV_LONG) \
                $(filter-out $(HV_LONG),$(wildcard tests/hv/*.sh)))
BENCH_SRC := $(wildcard tests/bench/*.cc)
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
PUBLIC   := $(wildcard sched/*/ration*.h affinity/ration*.h topology/ration*.h \
              hv-integration/port/ration*.h hv-integration/control/ration*.h)
MAN      := $(wildcard docs/man/*.[15])

CORE_OBJ := $(CORE_SRC:%.c=$(O)/obj/%.o)
PORT_OBJ := $(PORT_SRC:%.c=$(O)/obj/%.o)
HOST_OBJ := $(HOST_SRC:%.c=$(O)/obj/%.o)
THREAD_OBJ := $(THREAD_SRC:%.c=$(O)/obj/%.o)
HVCTL_OBJ := $(HVCTL_SRC:%.c=$(O)/obj/%.o)
TESTS    := $(TEST_SRC:tests/%.cc=$(O)/tests/%) $(CLI_SRC:tests/%.cc=$(O)/tests/%)
# What writes the data of charts.
CHARTED  := $(O)/tests/prop/test_credit_machines $(O)/tests/unit/test_credit_bars \
            $(O)/tests/unit/test_sedf_sets
BENCHES  := $(BENCH_SRC:tests/%.cc=$(O)/tests/%)
FUZZERS  := $(FUZZ_SRC:tests/%.c=$(O)/tests/%)
LIB      := $(O)/libration.a
PORT_LIB := $(O)/libration-port.a
HOST_LIB := $(O)/libsim.a
PROGRAM  := $(O)/bin/ration
THREADS  := $(O)/bin/ration-threads
HVCTL    := $(O)/bin/hvctl
BARE_SRC := $(wildcard hv-integration/bare/*.c)
BARE_ASM := $(wildcard hv-integration/bare/*.S)
BARE_OBJ := $(BARE_SRC:%.c=$(O)/obj/%.o) $(BARE_ASM:%.S=$(O)/obj/%.o)
BARE     := $(O)/libration-hv.elf

GUEST     := hv-integration/bare/guest
TINY_LIB  := start tiny call write
TINY      := $(patsubst $(GUEST)/tiny/%.c,$(O)/guest/%.elf,$(filter-out %/tiny.c, \
               $(wildcard $(GUEST)/tiny/*.c)))
DUTY_OBJ  := $(patsubst %,$(O)/obj/%.o,$(basename $(wildcard $(GUEST)/linux/*.c)) \
               $(GUEST)/call $(GUEST)/write)
GUESTS    := $(TINY) $(O)/guest/initramfs
# What the tests of the hypervisor boot.
HV_NEEDS  := $(if $(filter x86_64,$(ARCH)),$(BARE) $(GUESTS))

# Groups of .ci/setup, done before anything that needs them; see below.
SETUP_CORE := $(O)/.setup-$(if $(findstring clang,$(CC)),clang-)core
SETUP_HOST := $(SETUP_CORE)-host
SETUP_TEST := $(SETUP_HOST)-test
SETUP_ALL  := $(O)/.setup-core-host-clang-test-cross-qemu-iso
WANTED   := $(foreach t,$(TESTS),$(if $(or $(if $T,,all),$(findstring $T,$t)),$t))

# ---- Flags -----------------------------------------------------------------

INCLUDE := $(patsubst %/,-I%,$(sort $(dir $(wildcard sched/*/*.h affinity/*.h topology/*.h \
             topology/host/*.h sim/*.h hv-integration/*/*.h))))
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef -Wimplicit-fallthrough \
        -Wmissing-field-initializers $(if $(WERROR),-Werror)
WARN_C := $(WARN) -Wconversion -Wstrict-prototypes -Wmissing-prototypes
# No absolute path may reach an object: the archive is the same wherever it was built.
COMMON := $(OPT) -g -ffile-prefix-map=$(CURDIR)=. -MMD -MP $(INCLUDE) \
          $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all) $(if $(COVER),--coverage)
# Ranks 0-4: what a hypervisor links.  Floating point does not compile there.
ONLY_x86_64  := -mgeneral-regs-only -mno-red-zone
# Atomics in line: the others call libgcc.
ONLY_aarch64 := -mgeneral-regs-only -mno-outline-atomics
# Zbb (in every RVA22 processor) counts zeros; without it gcc calls libgcc for that.
ONLY_riscv64 := -march=rv64imac_zbb -mabi=lp64
CORE_FLAGS = -std=c11 -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
             -fno-asynchronous-unwind-tables $(ONLY_$(ARCH)) $(COMMON) $(WARN_C) $(STACK)
HOST_FLAGS = -std=c11 -D_GNU_SOURCE -DRATION_VERSION='"$(VERSION)"' -fno-pie $(COMMON) $(WARN_C) \
             $(HOST_CFLAGS)
# Tests are compiled more often than they run; what they test keeps its OPT.
TEST_OPT = -O0
TEST_FLAGS = -std=c++17 -D_GNU_SOURCE -fno-pie -Itests/lib $(COMMON) $(TEST_OPT) $(WARN) \
             $(GTEST_CFLAGS)
LINK_FLAGS = -no-pie $(if $(SAN),-fsanitize=$(SAN)) $(if $(COVER),--coverage)

# Asked for when a recipe first needs it, that is, after set-up; and then once.
once = $(eval $1 := $(shell $2))$($1)
PKGS = hwloc numa jansson yaml-0.1 expat clp
HOST_CFLAGS = $(call once,HOST_CFLAGS,pkg-config --cflags $(PKGS))
HOST_LIBS = $(call once,HOST_LIBS,pkg-config --libs $(PKGS) $(if $(filter 1,$(JEMALLOC)),jemalloc))
TEST_LIBS = $(call once,TEST_LIBS,pkg-config --libs gtest gtest_main $(PKGS))
GTEST_CFLAGS = $(call once,GTEST_CFLAGS,pkg-config --cflags gtest)

# `$(call say,WORD,FILE)` begins a recipe line: one short line, or with V=1 the
# command itself, or with make -s nothing.
silent = $(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(if $(V),,@$(if $(silent),,printf '  %-6s %s\n' $1 '$(2:$(CURDIR)/%=%)';))
export O CC CXX V WERROR VERSION

# ---- Targets ---------------------------------------------------------------

## Build the library and the commands
all: lib $(PROGRAM) $(THREADS) $(HVCTL)

## Build build/libration.a, the freestanding scheduler, and its port
lib: $(LIB) $(PORT_LIB)

## Build build/libration-hv.elf, the bare x86-64 hypervisor (multiboot)
hv: $(BARE)

## Simulate a shipped scenario on a real server's topology
run: $(PROGRAM)
	@$(PROGRAM) run sim/scenarios/server.yaml

## Run every test (T=name: those whose name has it); ends with `N passed, N failed`
test: $(SETUP_ALL) all $(WANTED) $(HV_NEEDS)
	@tests/run.sh "$(T)" $(HV_SCRIPTS) $(SCRIPTS) $(TESTS)

## Run the long proofs whole (under an hour)
prove: $(SETUP_ALL) all $(WANTED) $(HV_NEEDS)
	@RATION_PROVE=1 SEEDS=$(or $(SEEDS),50000) LIMIT=3300 \
	  tests/run.sh "$(T)" $(HV_SCRIPTS) $(SCRIPTS) $(TESTS)

## Run the tests of the bare hypervisor, under QEMU
hv-test: $(O)/.setup-core-host-qemu-iso all $(HV_NEEDS)
	@tests/run.sh "$(T)" $(HV_SCRIPTS)

## Run the hypervisor with dom0 and two Linux guests on this terminal
hv-run: $(O)/.setup-core-host-qemu $(HVCTL) $(HV_NEEDS)
	@$(GUEST)/run.sh $(O)

## Build and run the benchmarks
bench: all $(BENCHES)
	@for s in $(wildcard tests/bench/*.sh); do echo "$$s:"; sh $$s || exit 1; done

## Print bytes of code, memory and stack, and compare them with their limits
size: $(O)/.setup-core
	@$(MAKE) O=$(O)/size OPT=-Os STACK=-fstack-usage lib $(O)/size/bytes
	@tests/size/size.sh $(O)/size

## Check layers, symbols, function lengths, names and lines
tidy: $(O)/.setup-core-host-test lib
	@tests/run.sh "$(T)" $(wildcard tests/tidy/test_*.sh)

## Run unit and property tests and a simulation under ASan and UBSan
asan: $(O)/.setup-core-host-test
	@tests/run.sh "" tests/build/asan.sh

## Fuzz each parser for TIME=60 seconds
fuzz: $(O)/.setup-core-host-clang
	@$(MAKE) O=$(O)/fuzz CC=clang OPT=-O1 SAN=address,undefined,fuzzer-no-link fuzzers
	@for f in $(FUZZERS:$(O)/%=$(O)/fuzz/%); do echo "$$f:"; mkdir -p $$f.corpus; \
	  $$f -max_total_time=$(or $(TIME),60) -max_len=512 -verbosity=0 -artifact_prefix=$$f. \
	    $$f.corpus $$(ls -d tests/fuzz/corpus/$${f##*/fuzz_} 2>/dev/null) || exit 1; done
fuzzers: $(FUZZERS)

## Compile the library for aarch64 and riscv64
cross: $(O)/.setup-cross
	@for a in aarch64 riscv64; do \
	  $(MAKE) O=$(O)/cross/$$a ARCH=$$a CC=$$a-linux-gnu-gcc AR=$$a-linux-gnu-ar lib || exit 1; done

## Measure what the tests cover, line by line
cover: $(O)/.setup-core-host-cover
	@$(MAKE) O=$(O)/cover OPT=-O0 COVER=1 JEMALLOC=0 tests
	@for t in $(TESTS:$(O)/%=$(O)/cover/%); do $$t >/dev/null || exit 1; done
	@mkdir -p $(O)/cover/html
	gcovr -r . --object-directory $(O)/cover -f sched -f affinity -f topology -f sim \
	  --html-details $(O)/cover/html/index.html --txt

## Put the lines that changed since the last commit through clang-format
format: $(O)/.setup-format
	git clang-format --extensions c,h,cc HEAD

## Draw the README's charts anew (docs/charts/*.svg)
charts: $(O)/.setup-chart $(CHARTED)
	@mkdir -p $(O)/charts
	@for t in $(CHARTED); do echo "$$t: drawn whatever it says"; \
	  RATION_PROVE=1 RATION_CHARTS=$(O)/charts $$t --gtest_filter='*hogs_get*:*caps_of*:*Curve*' \
	    >$(O)/charts/$${t##*/}.log 2>&1; test -s $(O)/charts/$${t##*/}.log || exit 1; done
	@for p in $(wildcard docs/charts/*.gp); do \
	  gnuplot -e "dir='$(O)/charts'; out='$${p%.gp}.svg'" $$p || exit 1; done

## Install into PREFIX=/usr/local, under DESTDIR if given
install: all
	install -d $(ROOT)/bin $(ROOT)/lib/pkgconfig $(ROOT)/include/libration \
	  $(ROOT)/share/doc/libration $(ROOT)/share/bash-completion/completions
	install -m 644 $(LIB) $(PORT_LIB) $(ROOT)/lib/
	sed 's,@PREFIX@,$(PREFIX),; s,@VERSION@,$(VERSION),' ration.pc.in \
	  >$(ROOT)/lib/pkgconfig/ration.pc
	install -m 644 $(PUBLIC) $(ROOT)/include/libration/
	install -m 755 $(PROGRAM) $(THREADS) $(HVCTL) $(ROOT)/bin/
	install -m 644 LICENSE README.md docs/*.md $(ROOT)/share/doc/libration/
	for m in $(MAN); do \
	  install -D -m 644 $$m $(ROOT)/share/man/man$${m##*.}/$${m##*/} || exit 1; done
	for c in $(COMPLETION); do \
	  install -m 644 $$c $(ROOT)/share/bash-completion/completions/$$(basename $$c .bash) || \
	    exit 1; done
ROOT = $(DESTDIR)$(PREFIX)
COMPLETION := $(wildcard docs/completion/*.bash)

## Remove what `make install` put there
uninstall:
	rm -rf $(ROOT)/include/libration $(ROOT)/share/doc/libration
	rm -f $(ROOT)/lib/libration.a $(ROOT)/lib/libration-port.a \
	  $(ROOT)/lib/pkgconfig/ration.pc $(ROOT)/bin/ration \
	  $(ROOT)/bin/ration-threads $(ROOT)/bin/hvctl \
	  $(foreach m,$(MAN),$(ROOT)/share/man/man$(subst .,,$(suffix $m))/$(notdir $m)) \
	  $(COMPLETION:docs/completion/%.bash=$(ROOT)/share/bash-completion/completions/%)

## Remove build/
clean:
	rm -rf $(O)

## Show this list
help:
	@awk '/^## / { said = substr($$0, 4); next } \
	  /^[a-z-]+:/ && said { sub(/:.*/, ""); printf "  make %-10s %s\n", $$0, said } \
	  { said = "" }' Makefile

tests: $(TESTS)
threads: $(THREADS)
.PHONY: all lib hv hv-test hv-run run test tests threads prove bench size tidy asan fuzz fuzzers \
        cross cover charts format install uninstall clean help
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# ---- Files -----------------------------------------------------------------

# Each set of groups is seen to once in an output folder.
$(O)/.setup-%: .ci/setup
	@.ci/setup $(subst -, ,$*)
	@mkdir -p $(O) && touch $@

$(LIB): $(CORE_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcD $@ $^
$(PORT_LIB): $(PORT_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcD $@ $^
$(HOST_LIB): $(HOST_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcD $@ $^
$(PROGRAM): $(O)/obj/sim/main.o $(HOST_OBJ) $(PORT_LIB) $(LIB)
	$(call say,LINK,$@)mkdir -p $(@D) && $(CC) $(LINK_FLAGS) -o $@ $^ $(HOST_LIBS)

$(THREADS): $(THREAD_OBJ) $(HOST_LIB) $(PORT_LIB) $(LIB)
	$(call say,LINK,$@)mkdir -p $(@D) && $(CC) $(LINK_FLAGS) -pthread -o $@ $^ $(HOST_LIBS)

# Needs nothing but libc: a client for machines that have no hwloc.
$(HVCTL): $(HVCTL_OBJ) $(O)/obj/sim/panic.o $(HOST_LIB) $(PORT_LIB) $(LIB)
	$(call say,LINK,$@)mkdir -p $(@D) && $(CC) $(LINK_FLAGS) -o $@ $^

$(BARE): hv-integration/bare/link.ld $(BARE_OBJ) $(PORT_LIB) $(LIB)
	$(call say,LINK,$@)$(CC) -nostdlib -static -no-pie -Wl,-z,max-page-size=4096,--build-id=none \
	  -Wl,-z,noexecstack,--no-warn-rwx-segments -T $< -o $@ $(BARE_OBJ) $(PORT_LIB) $(LIB)

$(CORE_OBJ) $(PORT_OBJ): FLAGS = $(CORE_FLAGS)
$(BARE_OBJ): FLAGS = $(CORE_FLAGS) -DRATION_VERSION='"$(VERSION)"'
$(BARE_OBJ): | $(SETUP_CORE)
$(O)/obj/%.o: %.S Makefile
	$(call say,AS,$<)mkdir -p $(@D) && $(CC) $(COMMON) -c $< -o $@
$(CORE_OBJ) $(PORT_OBJ): | $(SETUP_CORE)
$(HOST_OBJ) $(THREAD_OBJ) $(HVCTL_OBJ) $(O)/obj/sim/main.o: FLAGS = $(HOST_FLAGS)
$(HOST_OBJ) $(THREAD_OBJ) $(HVCTL_OBJ) $(O)/obj/sim/main.o: | $(SETUP_HOST)
$(O)/obj/%.o: %.c Makefile
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(FLAGS) -c $< -o $@

$(O)/obj/tests/bench/%.o: TEST_OPT = $(OPT)
$(O)/obj/%.o: %.cc Makefile | $(SETUP_TEST)
	$(call say,CXX,$<)mkdir -p $(@D) && $(CXX) $(TEST_FLAGS) -c $< -o $@
$(O)/obj/tests/lib/%.o: tests/lib/%.c Makefile | $(SETUP_TEST)
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(HOST_FLAGS) -c $< -o $@
TEST_LIB_OBJ := $(patsubst %,$(TEST_O)/obj/%.o,$(basename $(wildcard tests/lib/*.cc tests/lib/*.c)))
$(TESTS) $(BENCHES): $(O)/tests/%: $(TEST_O)/obj/tests/%.o $(TEST_LIB_OBJ) $(HOST_LIB) \
    $(PORT_LIB) $(LIB)
	$(call say,LINK,$@)mkdir -p $(@D) && $(CXX) $(LINK_FLAGS) -o $@ $^ $(TEST_LIBS)
$(FUZZERS): $(O)/tests/%: tests/%.c $(HOST_LIB) $(PORT_LIB) $(LIB) Makefile
	$(call say,FUZZ,$@)mkdir -p $(@D) && \
	  $(CC) -std=c11 -fno-pie -no-pie $(COMMON) $(WARN_C) -fsanitize=fuzzer -o $@ $< \
	    $(HOST_LIB) $(PORT_LIB) $(LIB) $(HOST_LIBS)
$(O)/bytes: tests/size/bytes.c $(LIB) Makefile
	$(call say,LINK,$@)$(CC) -std=c11 $(COMMON) $(WARN_C) $(LINK_FLAGS) -o $@ $< $(LIB)

# ---- Guests of the bare hypervisor, and its tests --------------------------

.PHONY: hv-test hv-run

## Build the guests of the hypervisor: Debian's kernel, an initramfs, tiny ones
guests: $(GUESTS)

## Build build/libration-hv.iso: GRUB, the hypervisor, dom0 and two Linux guests
iso: $(O)/.setup-core-iso $(BARE) $(GUESTS)
	$(call say,ISO,$(O)/libration-hv.iso)$(GUEST)/iso.sh $(O)/libration-hv.iso $(BARE) "" \
	  "$(O)/guest/vmlinuz name=dom0 vcpus=2 mem=192 $(ISO_LINE) host=dom0 job=boot" \
	  "$(O)/guest/vmlinuz name=web1 vcpus=2 mem=192 $(ISO_LINE) host=web1 job=boot" \
	  "$(O)/guest/vmlinuz name=web2 vcpus=1 mem=192 $(ISO_LINE) host=web2 job=boot" \
	  $(O)/guest/initramfs
ISO_LINE := initrd=initramfs -- rdinit=/init nokaslr quiet
.PHONY: guests iso

$(O)/guest/versions: $(GUEST)/fetch.sh
	@$(GUEST)/fetch.sh $(O)/guest && touch $@
GUEST_FLAGS = -I$(GUEST) $(if $(SAN),-fno-sanitize=all)
$(O)/obj/$(GUEST)/%.o: FLAGS = $(CORE_FLAGS) $(GUEST_FLAGS)
$(O)/obj/$(GUEST)/linux/%.o: FLAGS = $(HOST_FLAGS) $(GUEST_FLAGS)
$(O)/obj/%.o: %.S Makefile | $(SETUP_CORE)
	$(call say,AS,$<)mkdir -p $(@D) && $(CC) $(FLAGS) -c $< -o $@
$(O)/guest/duty: $(DUTY_OBJ)
	$(call say,LINK,$@)mkdir -p $(@D) && $(CC) -no-pie -static -s -o $@ $^
$(O)/guest/initramfs: $(O)/guest/versions $(O)/guest/duty $(GUEST)/pack.sh $(GUEST)/linux/init
	$(call say,PACK,$@)$(GUEST)/pack.sh $(O)/guest/busybox $(O)/guest/duty $@
$(TINY): $(O)/guest/%.elf: $(O)/obj/$(GUEST)/tiny/%.o $(GUEST)/tiny/tiny.ld \
           $(O)/obj/$(GUEST)/tiny/start.o $(O)/obj/$(GUEST)/tiny/tiny.o \
           $(O)/obj/$(GUEST)/call.o $(O)/obj/$(GUEST)/write.o $(PORT_LIB) $(LIB)
	$(call say,LINK,$@)mkdir -p $(@D) && ld -static -z max-page-size=4096 \
	  -T $(filter %.ld,$^) -o $@ $(filter %.o,$^) $(PORT_LIB) $(LIB)

-include $(shell find $(O)/obj $(O)/tests -name '*.d' 2>/dev/null)
