# Two commands on a fresh Debian 12 or 13: `make demo` and `make test`.

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := alsa-utils build-essential libasound2-dev libasound2-plugins libportaudio2 \
	libsystemd-dev openssl pkg-config portaudio19-dev python3-dev python3-venv sox systemd
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
MISSING := $(shell for p in $(PACKAGES); do \
	dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' \
	|| echo $$p; done)

.PHONY: demo test lint unit fuzz docs packages clean

demo: $(VENV)/.installed ## Ask the built-in simulator one question
	$(BIN)/voice-appliance demo --virtual-card </dev/null

test: lint unit ## All checks, as CI runs them

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

unit: $(VENV)/.installed
	$(BIN)/pytest --cov --cov-report=term:skip-covered
	$(BIN)/coverage report --fail-under=100 \
		--include='appliance/core/*,appliance/live/wire.py'

FRAMES ?= 1000000

fuzz: $(VENV)/.installed ## FRAMES mutated frames and files; SEED=N for the same again
	FUZZ_FRAMES=$(FRAMES) FUZZ_SEED=$(SEED) $(BIN)/pytest -s tests/fuzz

docs: $(VENV)/.installed ## Write what is made from the code: README's table, config
	$(BIN)/python tests/generated.py

$(VENV)/.installed: pyproject.toml constraints.txt | packages
	python3 -m venv $(VENV)
	@echo "Installing into $(VENV): this takes about a minute."
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

packages:
	$(if $(MISSING),$(SUDO) apt-get update && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y \
	--no-install-recommends $(MISSING))

clean:
	rm -rf $(VENV) answer.wav build *.egg-info .coverage .mypy_cache .ruff_cache
