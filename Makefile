
# Copyright (C) 2026 The ngx_http_query_cache_module authors


BUILD ?=	dynamic
BUILD_DIR ?=	build
NGINX ?=	$(OUT)/nginx
FUZZ_SECONDS ?=	10
TESTS ?=	t
PORT ?=		8080
UPSTREAM ?=
STACK ?=
BENCH ?=	run collapse day
NGINX_SOURCE_DIR ?=

export BUILD_DIR NGINX_SOURCE_DIR PORT UPSTREAM STACK

OUT =		$(abspath $(BUILD_DIR))/$(BUILD)
MODULE =	$(if $(filter static sanitize,$(BUILD)),, \
			$(OUT)/ngx_http_query_cache_module.so)

CFLAGS ?=	-O2 -g
CTL =		$(BUILD_DIR)/qcachectl
CTL_SRCS =	$(wildcard src/ctl/*.c)
CTL_OBJS =	$(patsubst src/%.c,$(BUILD_DIR)/ctl/%.o, \
			$(CTL_SRCS) $(wildcard src/core/*.c))
CTL_LIBS =	-lcurl -ljansson -lhiredis -lzstd -lxxhash -lyajl -lz -lcrypto


.PHONY:		build module deps run test unit fuzz lint bench compare package clean \
		help

build: module $(CTL)	## build the module (BUILD=dynamic) and qcachectl

module:
	@tools/build-variant $(BUILD)

$(CTL): $(CTL_OBJS)
	$(CC) $(LDFLAGS) -o $@ $^ $(CTL_LIBS)

$(BUILD_DIR)/ctl/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu99 -W -Wall -Werror $(CFLAGS) $(CPPFLAGS) -MMD \
		-c -o $@ $<

-include $(CTL_OBJS:.o=.d)

deps:		## install missing Debian packages (root or sudo)
	tools/deps run test

run:		## demo on PORT=8080 (UPSTREAM=http://host:port, STACK=full)
	@tools/run

test: deps	## unit tests, short fuzzing and all of TESTS=t
	$(MAKE) build
	$(MAKE) unit
	$(MAKE) fuzz
	TEST_NGINX_BINARY=$(NGINX) TEST_NGINX_MODULE=$(strip $(MODULE)) \
		t/run-tests $(TESTS)

unit:		## unit tests of src/core
	$(MAKE) -C t/unit OUT=$(abspath $(BUILD_DIR))/unit run

fuzz:		## fuzz the parsers for FUZZ_SECONDS=10 each
	$(MAKE) -C t/fuzz OUT=$(abspath $(BUILD_DIR))/fuzz \
		FUZZ_SECONDS=$(FUZZ_SECONDS) run

lint: build	## check style, layers, documentation and examples
	@tools/lint/all

bench: build	## compare with plain nginx, as ratios (BENCH="run collapse day")
	tools/deps bench
	@set -e; for bench in $(BENCH); do bench/$$bench; done

compare: build	## compare HTTP semantics with other caches
	-tools/deps compare
	TEST_NGINX_BINARY=$(NGINX) TEST_NGINX_MODULE=$(strip $(MODULE)) \
		tools/compare

package:	## build the Debian packages into $(BUILD_DIR)/package
	tools/package

clean:		## remove what was built
	rm -rf $(BUILD_DIR)

help:		## show this
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 16
	@echo
	@sed -n '4,11s/^# //p' tools/build-variant
