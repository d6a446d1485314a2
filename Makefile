# Type "make" or "make help" to see what there is. Needs Go and gcc, nothing else.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TAGS   := duckdb_arrow
GO     := GOFLAGS= go
BUILD  := build
TRE    := $(BUILD)/tre
PEOPLE ?= 5000
FUZZ   ?= 30s
# where the published data of the acceptance checks lie; no part of the project
PUBLISHED ?= $(abspath ../shared)

.PHONY: help build demo test race fuzz lint check bench bench-peers accept clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the program as build/tre
	@mkdir -p $(BUILD)
	$(GO) build -tags $(TAGS) -o $(TRE) ./cmd/tre

demo: build ## run the main job on an invented region and print where the report is
	rm -rf $(BUILD)/demo
	$(TRE) init $(BUILD)/demo --name "Invented region"
	$(TRE) fixtures $(BUILD)/demo --people $(PEOPLE) --history 36
	$(TRE) run $(BUILD)/demo
	$(TRE) status $(BUILD)/demo
	$(TRE) link evaluate $(BUILD)/demo
	@echo "demo finished: open $(BUILD)/demo/report/report.html"

test: ## run every test
	$(GO) test -tags $(TAGS) $(TESTFLAGS) ./...
	cd internal/interop && $(GO) test $(TESTFLAGS) ./...

race: ## run the tests of packages with goroutines under the race detector
	$(GO) test -race -tags $(TAGS) ./pipeline/feed/... ./internal/workspace/... ./pseudonymise/...

fuzz: ## fuzz every reader of outside bytes, FUZZ=30s each
	@for package in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$package/*_test.go | cut -c6-); do \
	    echo "fuzz $$package $$target"; \
	    $(GO) test -tags $(TAGS) -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ) -fuzzminimizetime 5x $$package; \
	  done; done

lint: ## formatting, vet, module tidiness
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet -tags $(TAGS) ./...
	GOFLAGS=-tags=$(TAGS) go mod tidy -diff

check: lint test ## all that must hold before a commit

bench: ## the benchmarks behind docs/performance.md
	$(GO) test -tags $(TAGS) -run '^$$' -bench . -benchtime 1x ./...

bench-peers: build ## link a million records with tre and with Splink, side by side
	linkage/testdata/peers/run.sh link $(TRE) $(BUILD)/peers "$(PUBLISHED)" $(PEERS)

bench-growth: build ## link 100,000 to 10 million invented records, and refresh a person index
	linkage/testdata/peers/run.sh growth $(TRE) $(BUILD)/peers "" $(PEERS)

accept: build ## acceptance checks against published data, where they are at hand
	@if [ -d "$(PUBLISHED)" ]; then echo "published data: $(PUBLISHED)"; \
	else echo "$(PUBLISHED) is not there: every acceptance check is left out"; fi
	TRE_SHARED="$(PUBLISHED)" $(GO) test -tags $(TAGS) -count 1 -v -run '^(TestAccept|TestContractsFollow)' ./cmd/tre ./pipeline/feed ./linkage/...

clean: ## remove what was built
	rm -rf $(BUILD)
