# Everything runs in .venv, which the targets make themselves. PYTHON picks the interpreter it is made from.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
OUT ?= out/demo

.DEFAULT_GOAL := help
.PHONY: help setup demo sample test check format bench bench-annotation bench-annotation-speed \
	bench-annotation-trained bench-attention bench-build bench-crawl bench-distill \
	bench-distill-worth bench-evaluate bench-extract bench-int8 bench-report bench-scale bench-score docs constraints clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 13

setup: $(VENV)/.ready ## Make .venv with everything in it

$(VENV)/.ready: pyproject.toml constraints.txt requirements/demo.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c constraints.txt -e '.[dev,demo]'
	$(PIP) install -q --no-deps --require-hashes -r requirements/demo.txt
	@touch $@

demo: setup ## Walk the whole road on the embedded site, into out/demo
	$(BIN)/gonerd demo --out $(OUT)

sample: setup ## Rebuild the release in gonerd/ from the embedded site
	$(BIN)/python tools/sample.py

test: setup ## Run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=10

check: setup ## Lint, format, types on the built wheel, and the wheel on its own
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build && mkdir -p build/wheel
	$(PIP) wheel -q --no-deps --wheel-dir build/wheel .
	$(PIP) install -q --no-deps --target build/typed build/wheel/gonerd-*.whl
	cd build/typed && ../../$(BIN)/mypy --config-file ../../pyproject.toml -p gonerd
	$(BIN)/python tools/check_wheel.py build/wheel

format: setup ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: bench-attention ## Measure attention; benchmarks/README.md tells of the others

bench-attention: setup ## Measure the patterns beside Hugging Face and full attention; ARGS takes its options
	$(BIN)/python -P benchmarks/attention.py $(ARGS)

bench-build: setup ## Measure building releases of up to 100,000 documents
	$(BIN)/python benchmarks/build.py --documents 10000,30000,100000

bench-annotation: setup ## Measure what rules and consistency add to a pipeline, on ../shared/data/ner
	$(BIN)/python benchmarks/annotation.py

bench-annotation-trained: setup ## The same for what is learned from reviewed documents, five-fold
	$(BIN)/python benchmarks/annotation_trained.py --encoder "$$($(BIN)/gonerd models teacher)"

bench-annotation-speed: setup ## Measure annotation against bare spaCy, with one and two workers, and its memory
	$(BIN)/python benchmarks/annotation_speed.py $(if $(wildcard ../shared/data/text),--real ../shared/data/text/opinions.jsonl.gz) \
		--out benchmarks/results/annotation_speed.json

bench-crawl: setup ## Measure crawling against a bare Scrapy spider, and its memory
	$(BIN)/python -P benchmarks/crawl.py --out benchmarks/results/crawl.json

bench-distill: setup ## Measure a step of distillation against one that projects every position
	$(BIN)/python -P benchmarks/distill.py --out benchmarks/results/distill.json

bench-evaluate: setup ## Measure prediction in batches by length against padded batches in fixed order
	$(BIN)/python -P benchmarks/evaluate_throughput.py --out benchmarks/results/evaluate_throughput.json

bench-distill-worth: setup ## Measure what distillation is worth, on ../shared/data (an hour or more)
	$(BIN)/python benchmarks/distill_worth.py --model "$$($(BIN)/gonerd models teacher)" --out benchmarks/results/distill-worth.json

bench-extract: setup ## Measure the extraction on ../shared/data against its floors
	$(BIN)/python benchmarks/extract.py

bench-int8: setup ## Measure what int8 costs in F1 on a model fine-tuned on ../shared/data/ner
	$(BIN)/python -P benchmarks/int8.py --out benchmarks/results/int8.json

bench-report: setup ## Measure the report over 200 cells, in Chromium too
	$(BIN)/python -P benchmarks/report.py --out benchmarks/results/report.json

bench-scale: setup ## Measure extraction with one and two workers, memory, and settling duplicates
	$(BIN)/python benchmarks/extract_scale.py $(if $(wildcard ../shared/data/news_pages),--real ../shared/data/news_pages) \
		--out benchmarks/results/extract_scale.json

bench-score: setup ## Measure scoring a million tokens of tags against seqeval
	$(BIN)/python -P benchmarks/score.py --out benchmarks/results/score.json

docs: setup ## Regenerate what is generated in docs/
	$(BIN)/python tools/reference.py
	$(BIN)/python tools/sources.py
	$(BIN)/python tools/ccnews.py
	$(BIN)/python tools/schema.py
	$(BIN)/python tools/tasks.py
	$(BIN)/python tools/results.py

constraints: setup ## Write constraints.txt from what .venv holds
	$(BIN)/python tools/constraints.py

clean: ## Remove what the targets made
	rm -rf $(VENV) build out *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
