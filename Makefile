# trawl: `make help` lists the targets.

GO      ?= go
TOOL    := $(GO) tool -modfile=build/tools/go.mod
# The race detector needs a C compiler; without one the tests run without it.
RACE    := $(shell command -v gcc >/dev/null 2>&1 && echo -race)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
# Without HTTP/2, which needs TLS: 0.4 MB. Without stamps of git's, which a build out
# of an archive does not have.
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -tags nethttpomithttp2 -ldflags '$(LDFLAGS)'
PACKAGES = $(shell $(GO) list -buildvcs=false ./... | grep -v '^trawl/test$$')

# Releases are dated by their commit, so that the same commit gives the same bytes.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
MAINTAINER ?= The trawl maintainers <maintainers@trawl.example>
DIST       ?= dist

# Every system that a release is built for: os/arch, with the ARM version.
TARGETS := linux/arm/6 linux/arm/7 linux/arm64 linux/amd64 linux/riscv64 darwin/arm64 darwin/amd64

.DEFAULT_GOAL := build
.PHONY: help build demo test test-system test-big test-systemd test-clean test-roots test-dist test-deb test-vm test-arm docs lint dist cross size fuzz bench-scan bench-arm bench-zmtp bench-match bench-regex bench-fleet clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/trawl for this machine
	$(BUILD) -o bin/trawl ./cmd/trawl

demo: build ## a broker and two workers on loopback scan real text: see it work in a minute
	@$(GO) run ./build/demo bin/trawl

# Tests of what Debian packages hold, by their names: they read packages that were
# unpacked for them into the folder TRAWL_PACKAGES (test/need/packages.sh). Unit tests
# read nothing of the machine.
PACKAGED  := Packaged
IMPORTING := ./edge/match ./edge/rules/importer/...

test: ## unit tests, with the race detector where there is a C compiler
	TRAWL_PACKAGES= $(GO) test -skip '$(PACKAGED)' $(RACE) $(PACKAGES)
	@# With the race detector its texts are short.
	$(if $(RACE),TRAWL_PACKAGES= $(GO) test -skip '$(PACKAGED)' ./edge/match)

# The race detector takes time, and memory of its own. So tests about much of either run
# without it: some only so, and others with it, too, but shortened.
LARGE      := MemoryPromise|BadRuleFiles|LargeRules|MonstrousTexts|IdleMemory|ShareThePack
ATTACKS    := MemoryPromise
SHORTENED  := MemoryIsBounded|MemoryStaysFlat|FortyMegabytes|LeaveNothing|WithoutEnd|MixedMessages|ManyReloads
# Most tests wait for processes: more than one for each core.
SYSTEM     := $(GO) test -count=1 -parallel 4
# Emulated boards are for test-arm.
EMULATED   := MixedFleet

test-system: ## whole processes and real peers, and rules of Debian packages (python3-zmq, python3-ahocorasick; TRAWL_PACKAGES)
	$(if $(RACE),$(GO) test -count=1 -race -run '$(PACKAGED)' $(IMPORTING))
	$(GO) test -count=1 -run '$(PACKAGED)' $(IMPORTING)
	$(if $(RACE),TRAWL_RACE=1 $(SYSTEM) -race -skip '$(LARGE)|$(EMULATED)' ./test)
	$(SYSTEM) $(if $(RACE),-run '$(LARGE)|$(SHORTENED)') -skip '$(ATTACKS)$(if $(RACE),,|$(EMULATED))' ./test
	@# By itself: how much a program took at most counts what the test took when it started it.
	$(SYSTEM) -run '$(ATTACKS)' ./test

test-systemd: ## trawl as a service of a real systemd, in a container (root; needs systemd-container and mmdebstrap)
	TRAWL_SYSTEMD=1 $(GO) test -count=1 -v ./test/systemd

test-clean: ## the README's two commands in a Debian with Go, make and git alone, and how long they take (root; needs mmdebstrap)
	build/clean/run.sh

test-roots: ## `make test` in three Debians that are not clean: beside services, as root, as a user with habits (needs what test-systemd needs)
	build/clean/roots.sh

test-dist: ## the same commit gives the same bytes, whoever builds it and where
	TRAWL_DIST=1 $(GO) test -count=1 -v -run Release ./build/dist

test-deb: ## the Debian package installed, upgraded, removed and purged in a Debian with systemd (needs what test-systemd needs)
	TRAWL_SYSTEMD=1 $(GO) test -count=1 -v -run Package ./test/systemd

test-vm: ## a whole virtual board, ARM64 with 512 MB: reboots, pulled plugs, 600,000 words (root; half an hour; see test/systemd/doc.go)
	TRAWL_VM=1 $(GO) test -count=1 -v -timeout 2h -run Board ./test/systemd

# What boards run, and what the emulators of package qemu-user-static are called.
BOARD_PACKAGES := ./broker/... ./worker/... ./edge/... ./cmd/...

test-arm: ## the unit tests as ARMv6 and ARM64 programs, and a fleet of both, under QEMU (needs qemu-user-static and python3-zmq)
	GOARCH=arm GOARM=6 CGO_ENABLED=0 TRAWL_EMULATOR=qemu-arm-static $(GO) test -short -timeout 30m -exec qemu-arm-static $(BOARD_PACKAGES)
	GOARCH=arm64 CGO_ENABLED=0 TRAWL_EMULATOR=qemu-aarch64-static $(GO) test -short -timeout 30m -exec qemu-aarch64-static $(BOARD_PACKAGES)
	$(SYSTEM) -run '$(EMULATED)' ./test

test-big: ## trawl scan of a sparse file of 2 GB, one line of which has 300 MB: how much memory it takes
	TRAWL_BIG=2.1e9 $(GO) test -count=1 -v -run BigInput ./cmd/trawl

docs: build ## docs/configuration.md from the table of settings
	$(GO) run ./build/docs

lint: ## go vet, gofumpt, staticcheck
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOARCH=arm GOARM=6 $(GO) vet ./...
	@unformatted=$$($(TOOL) gofumpt -l .) && test -z "$$unformatted" || { echo "gofumpt would change: $$unformatted"; exit 1; }
	$(TOOL) staticcheck ./...

dist: build ## what is released, under dist/: programs, Debian packages, checksums, lists of parts
	rm -rf $(DIST) bin/man
	@$(MAKE) --no-print-directory cross
	$(GO) run ./build/docs -man bin/man -version '$(VERSION)' -epoch $(SOURCE_DATE_EPOCH) -reference ''
	$(GO) run ./build/dist -man bin/man -version '$(VERSION)' -epoch $(SOURCE_DATE_EPOCH) -maintainer '$(MAINTAINER)' $(DIST)

cross: ## build for every target, under dist/
	@for t in $(TARGETS); do \
		set -- $$(echo $$t | tr / ' '); \
		out=$(DIST)/trawl-$$1-$$2$${3:+v$$3}; \
		echo $$out; \
		GOOS=$$1 GOARCH=$$2 GOARM=$$3 $(BUILD) -o $$out ./cmd/trawl || exit 1; \
	done

size: cross ## what each binary weighs; 13 MB at most on ARMv6
	@ls -l $(DIST) | awk 'NF > 8 && $$9 !~ /[.]/ { printf "%6.1f MB  %s\n", $$5 / 1e6, $$9 } \
		$$9 ~ /armv6$$/ && $$5 > 13e6 { print $$9 " is over its budget of 13 MB"; over = 1 } END { exit over }'

FUZZTIME ?= 30s
fuzz: ## every fuzz target for FUZZTIME (30s)
	@for p in $(PACKAGES); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; \
			$(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$p || exit 1; \
		done; \
	done

bench-scan: build ## trawl scan against grep and ripgrep, 10,000 words over 16 MB (needs ripgrep and wamerican)
	@$(GO) run ./build/bench/scan bin/trawl

bench-arm: ## instructions per byte of the matcher's engines on ARM, under QEMU (needs gcc, qemu-user and a word list)
	@$(GO) run ./build/bench/arm

bench-zmtp: ## the engine and the broker against libzmq's proxy (Linux; needs gcc and libzmq3-dev)
	@$(GO) run ./build/bench/zmtp

bench-match: ## the matcher against Hyperscan, Go's Aho-Corasick libraries and pyahocorasick (Debian; see docs/benchmarks.md)
	@$(GO) run ./build/bench/match

bench-regex: ## regexes of logcheck, SpamAssassin and others against RE2, Hyperscan and regexp (Debian; see docs/benchmarks.md)
	@$(GO) run ./build/bench/regex

bench-fleet: ## the broker and its fleet against ZeroMQ's own, with pyahocorasick and with up to 1,000 simulated workers (Linux; see docs/benchmarks.md)
	@$(GO) run ./build/bench/fleet

clean: ## remove what the build made
	rm -rf bin $(DIST) build/bench/out
