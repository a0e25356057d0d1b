# Thin on purpose: tools/setup_env.py makes .venv, the other tools do the work.
PYTHON ?= python3
PYTEST_ARGS ?= -q
JOBS ?= 4
VENV := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow bars lint typecheck build firmware flash console capture keys fuzz clean env-run env-flash env-test env-lint

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' Makefile

demo: env-run ## a simulated meter, device and broker on this machine (SECONDS=20)
	@$(VENV) tools/demo.py --seconds $(or $(SECONDS),20)

test: env-test ## all tests but the slow ones
	@$(VENV) -m pytest $(PYTEST_ARGS) -n $(JOBS) --dist loadfile -m "not slow" host_tests

test-slow: env-test ## the slow tests
	@$(VENV) -m pytest $(PYTEST_ARGS) -m slow host_tests

bars: env-test ## measure RAM, time and size against the bars
	@$(VENV) tools/bars.py

lint: env-lint ## check the source with ruff
	@.venv/bin/ruff check --quiet --output-format concise .

typecheck: env-run ## check the types against what ESP32 and ESP8266 have
	@$(VENV) tools/typecheck.py

build: env-run ## build for a board (BOARD=pow_u, or BOARD=all)
	@$(VENV) tools/build.py $(if $(BOARD),--board $(BOARD))

firmware: env-run ## MicroPython with Hanport in flash, in a container (BOARD=pow_u MICROPYTHON=folder)
	@$(VENV) tools/make_firmware.py $(if $(BOARD),--board $(BOARD)) $(if $(MICROPYTHON),--micropython $(MICROPYTHON))

flash: env-flash ## put Hanport on a board (BOARD=pow_u PORT=/dev/ttyUSB0 FIRMWARE= SETTINGS= ERASE=1)
	@$(VENV) tools/flash.py $(if $(BOARD),--board "$(BOARD)") $(if $(PORT),--port "$(PORT)") \
		$(if $(FIRMWARE),--firmware "$(FIRMWARE)") $(if $(SETTINGS),--settings "$(SETTINGS)") \
		$(if $(filter 1,$(ERASE)),--erase)

console: env-run ## what a board says on its cable (PORT=/dev/ttyUSB0)
	@$(VENV) tools/console.py $(if $(PORT),--port "$(PORT)") $(if $(BAUD),--baud "$(BAUD)")

capture: env-run ## save what a meter sends, for a bug report (PORT= SECONDS=60 BAUD=2400 PARITY=8E1)
	@$(VENV) tools/capture.py $(if $(PORT),--port "$(PORT)") $(if $(SECONDS),--seconds "$(SECONDS)") \
		$(if $(BAUD),--baud "$(BAUD)") $(if $(PARITY),--parity "$(PARITY)") $(if $(OUT),--out "$(OUT)")

keys: env-test ## a key pair to sign updates with, in build/keys: keep a copy elsewhere
	@$(VENV) tools/keys.py

fuzz: env-test ## throw noise at the decoder (SECONDS=60)
	@$(VENV) tools/fuzz.py --seconds $(or $(SECONDS),60)

clean: ## remove all that the other targets made, .venv too
	@rm -rf build .venv .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

env-run env-flash env-test env-lint: env-%:
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) here: install Python 3.10 or newer" >&2; exit 1; }
	@$(PYTHON) tools/setup_env.py $*
	@test $* = lint || $(VENV) tools/fetch_umqtt.py
