# `make` alone prints what there is. On Debian and Ubuntu; packages come with sudo.

VENV := .venv
BIN := $(VENV)/bin
# To compile PyAudio, systemd-python and the virtual card, and to run them.
DEMO_PACKAGES := gcc libasound2-dev libc6-dev libportaudio2 libsystemd-dev pkg-config \
	portaudio19-dev python3-dev python3-venv
DEB_PACKAGES := build-essential debhelper device-tree-compiler dh-python lintian
TEST_PACKAGES := $(DEMO_PACKAGES) $(DEB_PACKAGES) alsa-utils iproute2 \
	espeak-ng libasound2-plugins openssl shellcheck sox systemd
MINUTES ?= 60
AREA ?= core
COUNT ?= 60
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
BOOT_PACKAGES := bc bison build-essential dosfstools e2fsprogs fakeroot flex \
	linux-source-6.12 mmdebstrap mtools python3-venv xz-utils $(if $(SUDO),uidmap)
PI_PACKAGES := cpio device-tree-compiler kmod qemu-system-arm
MISSING = $(shell for p in $(PACKAGES); do \
	dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' \
	|| echo $$p; done)

BUILD := build
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' appliance/__init__.py)
STAGE := $(BUILD)/deb/voice-appliance-$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit attack fuzz faults soak mutants bench bench-growth bench-quick \
	tail docs sentences recording assets deb package sdist release boot-test pi-test \
	demo-packages test-packages deb-packages boot-packages pi-packages clean

help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	while IFS='|' read -r target text; do printf '%-14s%s\n' "$$target" "$$text"; done

demo: $(VENV)/.demo ## Ask the built-in simulator one question: no Pi, no key
	$(BIN)/voice-appliance demo --virtual-card </dev/null

test: lint unit ## All checks and tests: what a change must pass

lint: $(VENV)/.installed ## Format, style and types only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

unit: $(VENV)/.installed ## The tests only, with coverage
	$(BIN)/pytest --numprocesses=4 --dist=worksteal --max-worker-restart=3 \
		--cov --cov-report=term:skip-covered
	$(BIN)/coverage report --fail-under=100 \
		--include='appliance/core/*,appliance/live/downlink.py,appliance/live/uplink.py'

FRAMES ?= 1100000
CARD_CUTS ?= 1
SECONDS ?= 60

attack: $(VENV)/.installed ## Hostile service, tool and card, then every other attack, short: 90 minutes
	$(BIN)/python -m tests.attack.campaign --seconds $(SECONDS)

fuzz: $(VENV)/.installed ## Broken frames and files; FRAMES=N, SEED=N repeats a run
	FUZZ_FRAMES=$(FRAMES) FUZZ_SEED=$(SEED) $(BIN)/pytest -s -o faulthandler_timeout=0 tests/fuzz

mutants: $(VENV)/.installed ## Break the code in COUNT places of AREA; does a test notice?
	$(BIN)/python -m tests.mutants --area $(AREA) --count $(COUNT) \
		$(if $(SEED),--seed $(SEED))

faults: $(VENV)/.installed ## Every fault in every phase of a turn, one table: 15 minutes
	$(BIN)/python -m tests.faults
	$(BIN)/python -m tests.faults.hands_free

soak: $(VENV)/.installed ## Random use and random faults for MINUTES=60
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

BENCH := build/bench
PEERS := ours google-genai pipecat floor
ROUNDS ?= 5

bench: $(VENV)/.installed $(PEERS:%=$(BENCH)/%/.installed) ## Measure beside what a user would pick: 20 minutes
	$(BIN)/python -m tests.bench --rounds $(ROUNDS)

bench-growth: $(VENV)/.installed $(BENCH)/ours/.installed ## Memory over 1,000 turns: 25 minutes
	$(BIN)/python -m tests.bench.growth

bench-quick: $(VENV)/.installed $(BENCH)/ours/.installed $(BENCH)/floor/.installed ## Measure beside the floor only: a minute
	$(BIN)/python -m tests.bench --quick

tail: $(VENV)/.installed ## What the end of a turn loses of the speech, and how long it waits
	$(BIN)/python -m tests.bench.tail

docs: $(VENV)/.installed ## Write what is made from the code: tables, pictures, config
	$(BIN)/python -m docs.generate

LANGUAGE ?= en

sentences: $(VENV)/.installed ## An audio file of each sentence; LANGUAGE=de for others
	$(BIN)/python -m docs.generate.audio $(LANGUAGE) $(BUILD)/sentences/$(LANGUAGE)
	@echo "The files: $(BUILD)/sentences/$(LANGUAGE)/*.wav"

recording: $(VENV)/.installed ## Record the demo for its picture in the documents
	$(BIN)/python -m docs.generate.record_demo
	$(BIN)/python -m docs.generate

deb: package ## Build the package for Raspberry Pi OS 13
	lintian --fail-on=error,warning $(BUILD)/deb/*.changes
	@echo "The package: $(BUILD)/voice-appliance_$(VERSION)_all.deb"

package: deb-packages
	rm -rf $(BUILD)/deb && mkdir -p $(STAGE)
	tar --create --exclude=__pycache__ appliance deploy \
		hw/config.txt.d hw/overlays/*.dts README.md LICENSE \
		| tar --extract --directory=$(STAGE)
	mv $(STAGE)/deploy/debian $(STAGE)/
	cd $(STAGE) && dpkg-buildpackage --build=binary --no-sign
	cp $(BUILD)/deb/*.deb $(BUILD)/

assets: deb ## What a release attaches, in build/release: package, zip for the card, sums
	rm -rf $(BUILD)/release && mkdir -p $(BUILD)/release
	python3 deploy/assets.py $(BUILD)/voice-appliance_$(VERSION)_all.deb $(BUILD)/release
	@ls $(BUILD)/release

boot-test: deb boot-packages ## Boot machines with the package, use it, cut their power
	python3 -m tests.e2e --card-cuts $(CARD_CUTS)

pi-test: pi-packages ## Boot an emulated Pi 3: does the overlay make the card? 15 seconds
	python3 -m tests.pi

sdist: $(VENV)/.installed ## Build dist/*.tar.gz, with the tests and the package, and the wheel
	$(BIN)/python -m build

release: ## Version, changelogs, commit, tag, and all files: VERSION=0.2.0
	python3 deploy/release.py $(VERSION)
	$(MAKE) assets sdist

$(VENV)/.demo: pyproject.toml constraints.txt | demo-packages
	python3 -m venv $(VENV)
	@echo "Installing into $(VENV): this takes about a minute."
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | test-packages
	python3 -m venv $(VENV)
	@echo "Installing into $(VENV): this takes about a minute."
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(VENV)/.demo $@

# It is installed as a user has it, so anew after each change.
$(BENCH)/ours/.installed: $(shell find appliance -name '*.py')

$(BENCH)/%/.installed: tests/bench/peers/%.txt constraints.txt pyproject.toml | test-packages
	python3 -m venv $(BENCH)/$*
	@echo "Installing into $(BENCH)/$*: $(if $(filter pipecat,$*),a,less than a) minute."
	$(BENCH)/$*/bin/pip install --quiet --requirement $< \
		$(if $(filter ours,$*),--constraint constraints.txt)
	touch $@

demo-packages: PACKAGES := $(DEMO_PACKAGES)
test-packages: PACKAGES := $(TEST_PACKAGES)
deb-packages: PACKAGES := $(DEB_PACKAGES)
boot-packages: PACKAGES := $(BOOT_PACKAGES)
pi-packages: PACKAGES := $(PI_PACKAGES)
demo-packages test-packages deb-packages boot-packages pi-packages:
	$(if $(MISSING),$(SUDO) apt-get update && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y \
	--no-install-recommends $(MISSING))

clean: ## Remove all that was built and installed here
	rm -rf $(VENV) answer.wav build dist *.egg-info .coverage* .hypothesis .mypy_cache \
		.ruff_cache
