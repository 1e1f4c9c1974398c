# make [all|check|bench|lint|asan|tsan|fuzz|soak|install|uninstall|dist|deb|clean|demo]
# Knobs: CC CFLAGS LDFLAGS PREFIX LIBDIR INCLUDEDIR DESTDIR BUILD WERROR=1 SAN=address,undefined

PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
INSTALL ?= install
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

# Make splits paths at blanks; relative to the checkout the usual build folder has none.
override BUILD := $(subst $(CURDIR)/,,$(BUILD))
ifneq ($(word 2,$(BUILD)),)
$(error BUILD=$(BUILD): the path has a blank; choose one without, or relative to the checkout)
endif
ifneq ($(shell $(CC) $(CPPFLAGS) $(CFLAGS) -dM -E -x c /dev/null 2>/dev/null | grep 'SIZEOF_POINTER__ 4'),)
$(error 64-bit only: $(CC) $(CFLAGS) builds 32-bit programs)
endif

VERSION := 0.1.0
COMMANDS := shm-create shm-write shm-read shm-encode ws-serve event-inject event-read shm-ls shm-rm \
	frame-gen net-read
# Built only where pkg-config finds their libraries, and left out if they fail to build (see below).
OPTIONAL := $(patsubst cmd/%/main.c,%,$(wildcard $(addprefix cmd/,$(addsuffix /main.c,rtc-serve net-layout net-draw))))

# Libraries of each command, by pkg-config; shm-create links no codec.
PKGS_shm-encode := libjpeg
PKGS_ws-serve := libwebsockets openssl
PKGS_rtc-serve := $(PKGS_ws-serve) gstreamer-sdp-1.0 gstreamer-rtp-1.0 gstreamer-video-1.0 nice libsrtp2 usrsctp
PKGS_net-layout := igraph libxml-2.0 zlib
PKGS_net-draw := egl glesv2 freetype2
# A library without a pkg-config file, found by its header.
HEADER_rtc-serve := libyuv.h
EXTRA_rtc-serve := -lyuv
has_header = $(if $(1),$(shell echo '\#include <$(1)>' | $(CC) $(CPPFLAGS) -E -x c - >/dev/null 2>&1 && echo 1),1)
COMMANDS += $(foreach c,$(OPTIONAL),$(if $(shell $(PKG_CONFIG) --exists $(PKGS_$(c)) && echo 1),$(if \
	$(call has_header,$(HEADER_$(c))),$(c))))
# Libraries whose headers a file needs, by pkg-config.
PKGS_lib/image/jpegcoder := libjpeg
PKGS_lib/tool/evjson := libwebsockets
# Libraries of a test's C program.
PKGS_bench-view := libjpeg
PKGS_tileparts-test := libjpeg

OUR_CPPFLAGS := -D_GNU_SOURCE -DSHMCAST_VERSION='"$(VERSION)"' -Ilib $(CPPFLAGS)
# -fno-math-errno: nothing reads errno after a mathematical function, and square roots become vectors.
# -Wno-tsan: TSan does not support fences; copying readers need them.
OUR_CFLAGS := -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -pthread -fno-math-errno \
	$(if $(WERROR),-Werror) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
	$(if $(findstring thread,$(SAN)),-Wno-tsan) $(CFLAGS)
OUR_LDFLAGS := -pthread $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

# The core, and the other parts of programs.
LIB := $(BUILD)/libprograms.a
LIB_SRC := $(sort $(wildcard $(addsuffix /*.c,lib lib/image lib/tool lib/net)))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
# libshmcast is the core alone, and exports what shmcast.h declares.
CORE_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c) lib/net/netevents.c)
SHARED := $(BUILD)/libshmcast.so.0
STATIC := $(BUILD)/libshmcast.a
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)
# Both servers, except their main functions.
SERVER := $(BUILD)/libserver.a
SERVER_OBJ := $(patsubst %,$(BUILD)/%.o,$(basename $(wildcard $(addprefix lib/server/,*.c stream/*.c http/*.c http/*.S))))
LIBS_ws-serve := $(SERVER)
LIBS_rtc-serve := $(SERVER)
OPTIONAL_FOUND := $(filter $(OPTIONAL),$(COMMANDS))
BINS := $(addprefix $(BUILD)/,$(filter-out $(OPTIONAL),$(COMMANDS)))
# A command is cmd/NAME.c, or all of cmd/NAME/*.c and *.S.
cmd_obj = $(patsubst %.c,$(BUILD)/%.o,$(wildcard cmd/$(1).c cmd/$(1)/*.c)) \
	$(patsubst %.S,$(BUILD)/%.o,$(wildcard cmd/$(1)/*.S))
# The command whose libraries a file is compiled against: NAME of cmd/NAME/FILE.
command = $(if $(filter cmd/%,$(1)),$(word 2,$(subst /, ,$(1))),$(if $(filter lib/server/%,$(1)),ws-serve))
# C programs of the tests. Tests build jpeg-test, picture-test and evjson-test themselves.
TEST_SRC := $(filter-out %/jpeg-test.c %/picture-test.c %/evjson-test.c %/bench-camera.c,\
	$(wildcard $(addsuffix /*.c,$(addprefix tests/,bench net stress support unit))))
TEST_BINS := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(TEST_SRC)))
MAN := $(sort $(wildcard man/*.[1-8]))
WEB := $(wildcard lib/server/web/*)
PYTHON := $(sort $(wildcard lib/python/shmcast/*.py)) lib/python/shmcast/py.typed

# The commands that were built, one per line.
built = for c in $(COMMANDS); do if [ -x $(BUILD)/$$c ]; then echo $$c; fi; done

all: $(BINS) $(SHARED) $(STATIC) $(OPTIONAL_FOUND:%=optional-%)

# With WERROR, as in CI, every program must build.
ifdef WERROR
$(OPTIONAL_FOUND:%=optional-%): optional-%: $(BUILD)/%
else
$(OPTIONAL_FOUND:%=optional-%): optional-%: $(LIB) $(SERVER)
	@$(MAKE) --no-print-directory $(BUILD)/$* 2>$(BUILD)/$*.log && cat $(BUILD)/$*.log >&2 || { \
		rm -f $(BUILD)/$*; \
		echo "$*: not built: $$(grep -m 1 -iE 'error|undefined' $(BUILD)/$*.log); see $(BUILD)/$*.log"; }
endif

define command_rule
$(BUILD)/$(1): $(call cmd_obj,$(1)) $(LIBS_$(1)) $(LIB)
	$$(CC) $$(OUR_LDFLAGS) -o $$@ $$^ $$(if $$(PKGS_$(1)),$$(shell $$(PKG_CONFIG) --libs $$(PKGS_$(1)))) $$(EXTRA_$(1)) -lm
endef
$(foreach c,$(COMMANDS),$(eval $(call command_rule,$(c))))

$(LIB): $(LIB_OBJ)
$(SERVER): $(SERVER_OBJ)
$(LIB) $(SERVER):
	rm -f $@
	$(AR) rcs $@ $^

$(CORE_OBJ): CORE_CFLAGS := -fPIC -fvisibility=hidden -ffunction-sections

# Without what only programs use, such as printing to a text.
$(SHARED): $(CORE_OBJ) lib/shmcast.map
	$(CC) -shared -Wl,-soname,$(@F) -Wl,--version-script=lib/shmcast.map -Wl,--gc-sections $(if $(SAN),,-Wl,-z,defs) \
		$(OUR_LDFLAGS) -o $@ $(CORE_OBJ) -lm
	ln -sf $(@F) $(@:.0=)

# One object, in which all other names are local: it clashes with no other library's.
$(STATIC): $(CORE_OBJ)
	$(CC) -r -nostdlib $(if $(findstring -flto,$(CFLAGS)),$(CFLAGS) -flinker-output=nolto-rel) -o $(@:.a=.o) $^
	$(OBJCOPY) --localize-hidden $(@:.a=.o)
	rm -f $@
	$(AR) rcs $@ $(@:.a=.o)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(OUR_CPPFLAGS) $(OUR_CFLAGS) $(CORE_CFLAGS) $(if $(PKGS_$*),$(shell $(PKG_CONFIG) --cflags $(PKGS_$*))) \
		$(if $(PKGS_$(call command,$*)),$(shell $(PKG_CONFIG) --cflags $(PKGS_$(call command,$*)))) \
		-MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.S $(WEB) Makefile
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<

define test_rule
$(BUILD)/tests/$(basename $(notdir $(1))): $(1) $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(OUR_CPPFLAGS) -Itests $$(OUR_CFLAGS) $$(OUR_LDFLAGS) -MMD -MP -o $$@ $$< $$(LIB) \
		$$(if $$(PKGS_$$(@F)),$$(shell $$(PKG_CONFIG) --libs $$(PKGS_$$(@F)))) -lm
endef
$(foreach t,$(TEST_SRC),$(eval $(call test_rule,$(t))))

# The servers with a flaw, which tests/server/ws-confine.bats uses.
HOSTILE := $(patsubst %,$(BUILD)/tests/hostile-%,$(filter %-serve,$(COMMANDS)))
define hostile_rule
$(BUILD)/tests/hostile-$(1): tests/server/hostile.c $(call cmd_obj,$(1)) $(SERVER) $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(OUR_CPPFLAGS) $$(OUR_CFLAGS) $$(OUR_LDFLAGS) -Wl,--wrap=request_path,--wrap=confine -MMD -MP -o $$@ $$^ \
		$$(shell $$(PKG_CONFIG) --cflags --libs $$(PKGS_$(1))) $$(EXTRA_$(1)) -lm
endef
$(foreach c,$(filter %-serve,$(COMMANDS)),$(eval $(call hostile_rule,$(c))))

# Preloaded into a program that reads a camera.
$(BUILD)/tests/bench-camera.so: tests/bench/bench-camera.c
	@mkdir -p $(@D)
	$(CC) $(OUR_CPPFLAGS) $(OUR_CFLAGS) -fPIC -shared -o $@ $<

tests: all $(TEST_BINS) $(BUILD)/tests/bench-camera.so $(HOSTILE) $(patsubst tests/%.c,$(BUILD)/%.o,$(wildcard tests/fuzz/*.c))

check: tests
	BUILD=$(BUILD) scripts/run-tests

bench: tests
	BUILD=$(BUILD) scripts/bench

lint:
	scripts/lint

asan:
	$(MAKE) tests BUILD=$(BUILD)/asan SAN=address,undefined CFLAGS='-O1 -g'
	BUILD=$(BUILD)/asan scripts/run-tests

tsan:
	$(MAKE) tests BUILD=$(BUILD)/tsan SAN=thread CFLAGS='-O1 -g'
	BUILD=$(BUILD)/tsan scripts/run-tests

# The folders to install into, quoted for the shell, and folders in the first.
BASH_DIR := share/bash-completion/completions
ZSH_DIR := share/zsh/site-functions
UNIT_DIR := lib/systemd/user
# Where Debian's Python looks for packages, below this prefix.
PYTHON_VERSION := $(shell /usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo 3)
PYTHON_DIR := lib/python$(if $(filter /usr,$(PREFIX)),3,$(PYTHON_VERSION))/dist-packages/shmcast
prefix := '$(subst ','\'',$(DESTDIR)$(PREFIX))'
libdir := '$(subst ','\'',$(DESTDIR)$(LIBDIR))'
includedir := '$(subst ','\'',$(DESTDIR)$(INCLUDEDIR))'
# A path for a sed command within single quotes, as pkg-config reads it.
pc_path = $(subst ',\\'\'',$(subst |,\\\|,$(subst &,\\\&,$(subst $(space),\\$(space),$(1)))))
empty :=
space := $(empty) $(empty)

install: all
	$(INSTALL) -d $(prefix)/bin
	for c in `$(built)`; do $(INSTALL) -m 755 $(BUILD)/$$c $(prefix)/bin || exit 1; done
	for m in `$(built) | sed 's|.*|man/&.1|'` $(filter-out %.1,$(MAN)); do \
		$(INSTALL) -d $(prefix)/share/man/man$${m##*.} && \
			$(INSTALL) -m 644 $$m $(prefix)/share/man/man$${m##*.} || exit 1; \
	done
	$(INSTALL) -d $(includedir) $(libdir)/pkgconfig
	$(INSTALL) -m 644 lib/shmcast.h $(includedir)
	$(INSTALL) -m 644 $(SHARED) $(STATIC) $(libdir)
	ln -sf $(notdir $(SHARED)) $(libdir)/libshmcast.so
	sed 's|@version@|$(VERSION)|; s|@libdir@|$(call pc_path,$(LIBDIR))|; s|@includedir@|$(call pc_path,$(INCLUDEDIR))|' \
		lib/shmcast.pc.in >$(libdir)/pkgconfig/shmcast.pc
	chmod 644 $(libdir)/pkgconfig/shmcast.pc
	$(INSTALL) -d $(prefix)/$(BASH_DIR) $(prefix)/$(ZSH_DIR)
	for c in `$(built)`; do \
		$(INSTALL) -m 644 scripts/completion.bash $(prefix)/$(BASH_DIR)/$$c || exit 1; \
	done
	$(INSTALL) -m 644 scripts/completion.zsh $(prefix)/$(ZSH_DIR)/_shmcast
	$(INSTALL) -d $(prefix)/$(PYTHON_DIR)
	$(INSTALL) -m 644 $(PYTHON) $(prefix)/$(PYTHON_DIR)
	$(INSTALL) -d $(prefix)/$(UNIT_DIR)
	$(INSTALL) -m 644 scripts/ws-serve@.socket $(prefix)/$(UNIT_DIR)
	sed 's|@bindir@|$(subst ','\'',$(PREFIX))/bin|' scripts/ws-serve@.service \
		>$(prefix)/$(UNIT_DIR)/ws-serve@.service
	chmod 644 $(prefix)/$(UNIT_DIR)/ws-serve@.service

uninstall:
	for c in $(sort $(COMMANDS) $(OPTIONAL)); do \
		rm -f $(prefix)/bin/$$c $(prefix)/$(BASH_DIR)/$$c; \
	done
	rm -f $(includedir)/shmcast.h $(libdir)/libshmcast.so $(libdir)/libshmcast.so.0 $(libdir)/libshmcast.a \
		$(libdir)/pkgconfig/shmcast.pc
	rm -rf $(prefix)/$(PYTHON_DIR)
	rm -f $(prefix)/$(ZSH_DIR)/_shmcast $(prefix)/$(UNIT_DIR)/ws-serve@.service $(prefix)/$(UNIT_DIR)/ws-serve@.socket
	for m in $(MAN:man/%=%); do rm -f $(prefix)/share/man/man$${m##*.}/$$m; done

# A source archive of the last commit. Equal commits have equal archives: names are sorted, the time is the
# commit's, the owner is root.
DIST := $(BUILD)/shmcast-$(VERSION).tar
dist:
	@mkdir -p $(BUILD)
	@git diff --quiet HEAD || echo "$@: changes that are not committed are left out" >&2
	git -c tar.umask=0022 archive --format=tar --prefix=shmcast-$(VERSION)/ -o $(DIST) HEAD
	gzip -9nf $(DIST)

deb:
	BUILD=$(BUILD) scripts/deb

# scripts/fuzz builds these with clang in a folder of its own.
FUZZERS := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))
FUZZ_OBJ := $(SERVER) $(LIB)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ)
	@mkdir -p $(@D)
	$(CC) $(OUR_CPPFLAGS) -Itests $(OUR_CFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(FUZZ_OBJ) \
		$(shell $(PKG_CONFIG) --cflags --libs libjpeg $(PKGS_ws-serve)) -lm

fuzzers: $(FUZZERS)

# Every build of the tests compiles the fuzz targets, also without clang. Nothing links these objects.
$(BUILD)/fuzz/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(CC) $(OUR_CPPFLAGS) -Itests $(OUR_CFLAGS) -MMD -MP -c -o $@ $<

fuzz:
	BUILD=$(BUILD) scripts/fuzz

# The storm of tests/stress/storm.bats at twenty times its length, viewers on slow connections for five
# minutes, a minute of random rectangles in the page, 256 WebRTC viewers in one page, 18,000 pictures (ten
# minutes at 30 per second) in each browser, builds with other compilers and options, and all tests under
# all sanitizers.
soak: tests
	PATH="$(abspath $(BUILD)):$$PATH" tests/stress/storm.py --kills 10000 soak
	BUILD=$(BUILD) SHMCAST_FLOW_SECONDS=300 bats tests/server/ws-flow.bats
	BUILD=$(BUILD) SHMCAST_PAINT_SECONDS=60 bats -f 'random rectangles' tests/browser/page.bats
	BUILD=$(BUILD) SHMCAST_CROWD=256 bats -f 'a crowd' tests/browser/rtc-page.bats
	BUILD=$(BUILD) PICTURES=18000 bats -f 'keeps its memory' tests/browser/engines.bats
	BUILD=$(BUILD) scripts/variants
	$(MAKE) asan
	$(MAKE) tsan

demo:
	scripts/demo

# Prints the names of the programs that were built, one per line; used by tests.
programs:
	@$(built)

clean:
	rm -rf $(BUILD)

-include $(shell [ -d $(BUILD) ] && find $(BUILD) -name '*.d')

.PHONY: all tests check bench lint asan tsan fuzz fuzzers soak install uninstall dist deb programs clean demo \
	$(OPTIONAL_FOUND:%=optional-%)
