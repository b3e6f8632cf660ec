# make demo   build wiretale and run the main job on the trace in testdata/
# make test   every test; what needs a tool of Debian is skipped, with the reason, where the tool is missing
SHELL    := /bin/bash
GO       ?= go
FUZZTIME ?= 4s
JOBS     ?= $(shell nproc 2>/dev/null || echo 2)
RACED    := ./cmd/wiretale ./internal/engine ./internal/fixture/dtlstalk ./internal/fixture/tlstalk ./internal/index ./internal/point ./internal/record ./tools/fuzz ./view/follow ./view/web
TARGETS  := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

# The pages of serve and report, which go into the program; without npm it has none, and says so.
PAGES    := $(if $(wildcard web/package.json),view/web/dist/index.html)

export CGO_ENABLED ?= 0

.PHONY: bpf build web webtest demo test lint vet staticcheck unit generated fuzz cross bench microbench deps update clean lab labtest

build: $(PAGES)
	$(GO) build -trimpath -o bin/wiretale ./cmd/wiretale

view/web/dist/index.html: $(wildcard web/index.html web/*.json web/*.ts) $(shell find web/src -type f 2>/dev/null)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory web && touch $@; \
	elif [ -n "$$WIRETALE_CI" ]; then echo 'make build: no npm for the pages of serve'; exit 1; \
	else echo 'make build: no npm, so without the pages of serve and report'; fi

web:
	cd web && npm ci --no-audit --no-fund && npm run build

# The pages in a real browser.
webtest: build
	@if [ ! -d web/test ]; then :; \
	elif command -v npm >/dev/null; then cd web && { [ -d node_modules ] || npm ci --no-audit --no-fund; } && npm run check && WIRETALE=../bin/wiretale npm test; \
	elif [ -n "$$WIRETALE_CI" ]; then echo 'make webtest: no npm'; exit 1; \
	else echo 'make webtest: no npm, so the pages are not tested'; fi

demo: build
	$(GO) run ./tools/demo -o bin/demo.etl testdata/post1.txtar
	@echo '$$ wiretale bin/demo.etl'
	@bin/wiretale bin/demo.etl
	@echo
	@echo '$$ wiretale timeline bin/demo.etl'
	@bin/wiretale timeline bin/demo.etl

test: deps lint unit labtest webtest generated fuzz cross
	@echo "make test: all passed"

lint: vet staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo 'gofmt: the files above are not formatted'; exit 1; }

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

# The race detector makes tests several times slower, so those of packages that start goroutines have it, and with them what runs in
# these; TestRaced keeps the list. Of packages whose tests mostly compare rows, with tshark or with a pass in order, only those tests have
# it that run every subcommand or work side by side: the others take minutes and start nothing else.
# It needs cgo, and so a C compiler; without one the tests run without it, and say so.
COMPARING := ./cmd/wiretale ./internal/engine ./internal/index
unit:
	@$(GO) test -timeout 30m $$($(GO) list ./... | grep -vxF "$$($(GO) list $(filter-out $(COMPARING),$(RACED)))")
	@if command -v $${CC:-gcc} >/dev/null; then \
		CGO_ENABLED=1 $(GO) test -race -timeout 30m $(filter-out $(COMPARING),$(RACED)) && \
		CGO_ENABLED=1 $(GO) test -race -timeout 30m -run '^Test(Scripts|ManyAtOnce|Cancel|Compressed|Workers|.*Lanes.*|.*WithKeys|Follow.*)$$' $(COMPARING); \
	elif [ -n "$$WIRETALE_CI" ]; then echo 'make unit: no C compiler for the race detector'; exit 1; \
	else echo 'make unit: no C compiler, so without the race detector'; $(GO) test -timeout 30m $(filter-out $(COMPARING),$(RACED)); fi

# What go generate writes must be what is there.
generated:
	@before=$$(git status --porcelain; git diff | sha256sum); \
	$(GO) generate ./... && after=$$(git status --porcelain; git diff | sha256sum); \
	if [ "$$before" != "$$after" ]; then git status --short; echo 'generated files are stale: run go generate ./... and commit'; exit 1; fi
	@echo "generated files: current"

fuzz:
	$(GO) run ./tools/fuzz -time $(FUZZTIME) -jobs $(JOBS)

cross:
	@for t in $(TARGETS); do \
		echo "build $$t"; \
		CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -trimpath -o /dev/null ./cmd/wiretale || exit 1; \
	done

# Real servers and clients in network namespaces, captured, and what wiretale says of that: lab/README.md. Needs root.
lab: build
	cd lab && $(GO) run . -out ../bin/lab $(LABFLAGS)

# The lab's own tests, for which no root is needed. It is a module of its own.
labtest:
	@if [ "$$(uname)" = Linux ]; then \
		$(GO) build -o bin/staticcheck honnef.co/go/tools/cmd/staticcheck && \
		cd lab && $(GO) vet ./... && ../bin/staticcheck ./... && $(GO) test ./...; \
	else echo 'make labtest: namespaces are those of Linux'; fi

# wiretale beside tshark and tcptrace on generated captures of 1 GB, TLS with its keys among them; 6 GB of disk and half an hour.
bench: build
	$(GO) run ./tools/bench -dir bin/bench $(BENCHFLAGS)

# The eBPF programs of record: needs clang, llvm-strip and the headers of libbpf. The objects are committed.
bpf:
	./internal/record/bpf/build.sh

# The benchmarks of single packages.
microbench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Cross-checks run beside the peers of Debian. Without apt or root they are skipped.
deps:
	@if command -v tshark >/dev/null && command -v tcpdump >/dev/null && command -v openssl >/dev/null && command -v wimlib-imagex >/dev/null && [ -x /usr/sbin/mkntfs ] && command -v npm >/dev/null && command -v chromium >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends tshark tcpdump openssl wimtools ntfs-3g nodejs npm chromium gcc libc6-dev; \
	else echo 'make deps: tshark, tcpdump, openssl, wimtools, ntfs-3g, npm or chromium is missing, and no root or no apt to install it: cross-checks will be skipped'; fi

# Write the expected outputs of tests anew; look at the difference before you commit it.
update:
	$(GO) test ./cmd/wiretale ./view/jsonl ./view/web -update

clean:
	rm -rf bin dist web/node_modules
	find view/web/dist -mindepth 1 -not -name placeholder.txt -delete
