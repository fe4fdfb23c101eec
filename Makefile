# Everything a fresh Debian or Ubuntu machine needs: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test check bench format starters pictures mixed-season clean

run: $(READY)
	@$(BIN)/python main.py --auto

test: $(READY)
	@$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY)
	@$(BIN)/python main.py bench

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# The starter players of assets/players, made anew by the project's own search (about 3 minutes).
starters: $(READY)
	@$(BIN)/python -m ai.quick_search

# The picture of the README anew, from the walk through the window that the tests take (about 2 minutes).
pictures: $(READY)
	@folder=$$(mktemp -d) && mkdir $$folder/pictures \
	&& xvfb-run -a -s "-screen 0 1920x1200x24" $(BIN)/python -m tests.app.desktop.walk $$folder/league $$folder/pictures dark 1600x960 \
	&& cp $$folder/pictures/champion.png docs/pictures/desktop.png && echo "all pictures: $$folder/pictures"

# A season of everybody in a league of its own: bots, players that three trainers make, a Python bot (minutes).
MIXED ?= out/mixed-season
RALLY := $(BIN)/python main.py --home $(MIXED)
mixed-season: $(READY)
	@test ! -e $(MIXED) || { echo "$(MIXED) is there already: delete it, or say make mixed-season MIXED=FOLDER"; exit 2; }
	$(RALLY) train neat --preset quick --seed 1 --name neat
	$(RALLY) train dqn --preset standard --mode single --seed 1 --name dqn
	$(RALLY) train selfplay --preset standard --seed 1 --name selfplay
	$(RALLY) runs add neat-1
	$(RALLY) runs add dqn-1
	$(RALLY) runs add selfplay-1
	$(RALLY) players import assets/bots/interceptor.py --trust-python
	$(RALLY) --no-visuals --pairs 10 --seed 1 --html $(MIXED)/season.html
	$(RALLY) report --png $(MIXED)/season.png

# A file and not a folder as the target: a set-up that was interrupted is done again.
$(READY): requirements.txt
	@sh scripts/system_packages.sh
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(READY)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
