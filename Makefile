# Two commands on a fresh Debian 12 or 13: `make demo` and `make test`.

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := alsa-utils build-essential debhelper device-tree-compiler dh-python iproute2 \
	libasound2-dev libasound2-plugins libportaudio2 libsystemd-dev lintian openssl \
	pkg-config portaudio19-dev python3-dev python3-venv shellcheck sox systemd
MINUTES ?= 60
AREA ?= core
COUNT ?= 60
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
BOOT_PACKAGES := bc bison build-essential dosfstools e2fsprogs fakeroot flex \
	linux-source-6.12 mmdebstrap mtools python3-venv xz-utils $(if $(SUDO),uidmap)
MISSING = $(shell for p in $(PACKAGES); do \
	dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' \
	|| echo $$p; done)

BUILD := build
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' appliance/__init__.py)
STAGE := $(BUILD)/deb/voice-appliance-$(VERSION)

.PHONY: demo test lint unit fuzz mutants faults soak bench bench-growth bench-quick docs \
	recording deb package boot-test packages boot-packages clean

demo: $(VENV)/.installed ## Ask the built-in simulator one question
	$(BIN)/voice-appliance demo --virtual-card </dev/null

test: lint unit ## All checks, as CI runs them

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

unit: $(VENV)/.installed
	$(BIN)/pytest --numprocesses=3 --dist=loadfile \
		--cov --cov-report=term:skip-covered
	$(BIN)/coverage report --fail-under=100 \
		--include='appliance/core/*,appliance/live/downlink.py,appliance/live/uplink.py'

FRAMES ?= 1100000

fuzz: $(VENV)/.installed ## FRAMES mutated frames and files; SEED=N for the same again
	FUZZ_FRAMES=$(FRAMES) FUZZ_SEED=$(SEED) $(BIN)/pytest -s tests/fuzz

mutants: $(VENV)/.installed ## Break the code in COUNT places of AREA; does a test notice?
	$(BIN)/python -m tests.mutants --area $(AREA) --count $(COUNT) \
		$(if $(SEED),--seed $(SEED))

faults: $(VENV)/.installed ## Every fault in every phase of a turn, and what comes of it
	$(BIN)/python -m tests.faults

soak: $(VENV)/.installed ## Everything goes wrong, for MINUTES
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

BENCH := build/bench
PEERS := ours google-genai pipecat floor
ROUNDS ?= 5

bench: $(VENV)/.installed $(PEERS:%=$(BENCH)/%/.installed) ## Beside what a user would pick: 20 min
	$(BIN)/python -m tests.bench --rounds $(ROUNDS)

bench-growth: $(VENV)/.installed $(BENCH)/ours/.installed ## 1,000 turns: 25 minutes
	$(BIN)/python -m tests.bench.growth

bench-quick: $(VENV)/.installed $(BENCH)/ours/.installed $(BENCH)/floor/.installed
	$(BIN)/python -m tests.bench --quick

docs: $(VENV)/.installed ## Write what is made from the code: README's table, config
	$(BIN)/python -m docs.generate

recording: $(VENV)/.installed ## Run the demo anew for the README's picture
	$(BIN)/python -m docs.generate.record_demo
	$(BIN)/python -m docs.generate

deb: package ## build/voice-appliance_VERSION_all.deb, for Debian 13
	lintian --fail-on=error,warning $(BUILD)/deb/*.changes
	@echo "The package: $(BUILD)/voice-appliance_$(VERSION)_all.deb"

package: packages
	rm -rf $(BUILD)/deb && mkdir -p $(STAGE)
	tar --create --exclude=__pycache__ appliance deploy hw/asound.conf \
		hw/config.txt.d hw/overlays/*.dts README.md LICENSE \
		| tar --extract --directory=$(STAGE)
	mv $(STAGE)/deploy/debian $(STAGE)/
	cd $(STAGE) && dpkg-buildpackage --build=binary --no-sign
	cp $(BUILD)/deb/*.deb $(BUILD)/

boot-test: deb boot-packages ## Boot machines with the package, use it, cut their power
	python3 -m tests.e2e

$(VENV)/.installed: pyproject.toml constraints.txt | packages
	python3 -m venv $(VENV)
	@echo "Installing into $(VENV): this takes about a minute."
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

$(BENCH)/%/.installed: tests/bench/peers/%.txt constraints.txt pyproject.toml | packages
	python3 -m venv $(BENCH)/$*
	@echo "Installing into $(BENCH)/$*: $(if $(filter pipecat,$*),a,less than a) minute."
	$(BENCH)/$*/bin/pip install --quiet --requirement $< \
		$(if $(filter ours,$*),--constraint constraints.txt)
	touch $@

boot-packages: PACKAGES := $(BOOT_PACKAGES)
packages boot-packages:
	$(if $(MISSING),$(SUDO) apt-get update && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y \
	--no-install-recommends $(MISSING))

clean:
	rm -rf $(VENV) answer.wav build *.egg-info .coverage* .hypothesis .mypy_cache \
		.ruff_cache
