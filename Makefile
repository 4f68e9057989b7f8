# Two commands: `make demo` and `make test`. Both install what they need into
# ~/.cache/veritrail and can be run again at any time. The tests also install a
# small language model and its server (200 MB), and the official OpenAI clients
# for Python and JavaScript (50 MB; they need Node.js with npm), and a browser where apt-get can.
SHELL := /bin/sh
BINARY := target/release/veritrail
ENV = eval "$$(.ci/toolchain)"

.PHONY: demo test build models check eval clean-demo

demo: models
	$(BINARY) demo --kb target/demo-kb

build:
	@echo "building; the first time takes about 20 minutes on 2 cores, most of it RocksDB" >&2
	@$(ENV) && cargo build --release --locked

models: build
	@$(BINARY) models pull

test: models
	@.ci/language-model
	@.ci/schemathesis
	@.ci/clients >/dev/null
	@.ci/browser
	@.ci/mcp-client >/dev/null
	@$(ENV) && cargo test --release --locked

check:
	cargo fmt --all --check
	@$(ENV) && cargo clippy --release --locked --all-targets -- -D warnings
	@$(ENV) && RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps

# The figures of docs/EVALUATION.md, for the sets that are in EVAL_DATA: retrieval with what
# each stage adds, answers, the check of sentences, names, and entities that are one thing. A knowledge base for each
# set is kept in EVAL_KEEP, so that a second run takes minutes.
EVAL_DATA := ../shared/data
EVAL_KEEP := target/eval
EVAL_SETS := 2wiki-hippo101 2wiki-train500 musique-train100 hotpotqa-train300 scifact-train \
	cranfield negconstraint techqa k8s-docs lihua-world
EVAL_ANSWERS := musique-train100 hotpotqa-train300 2wiki-train500 lihua-world
EVAL_NAMES := k8s-docs wnut17 2wiki-train500
EVAL_PAIRS := fodors-zagats abt-buy

eval: models
	@mkdir -p $(EVAL_KEEP)
	@for set in $(EVAL_SETS); do \
		if [ -d $(EVAL_DATA)/$$set ]; then \
			$(BINARY) eval $(EVAL_DATA)/$$set --keep $(EVAL_KEEP)/$$set \
				--run $(EVAL_KEEP)/$$set.trec --format text || exit 1; \
		else echo "$$set is not in $(EVAL_DATA)" >&2; fi; done
	@sets=$$(for set in $(EVAL_SETS); do \
		if [ -d $(EVAL_DATA)/$$set ]; then echo $(EVAL_DATA)/$$set; fi; done); \
	if [ -n "$$sets" ]; then \
		$(BINARY) eval $$sets --sweep benches/sweeps/added.toml --against previous \
			--keep $(EVAL_KEEP) --format text && \
		$(BINARY) eval $$sets --sweep benches/sweeps/left-out.toml --against first \
			--keep $(EVAL_KEEP) --format text || exit 1; fi
	@for set in $(EVAL_ANSWERS); do \
		if [ -d $(EVAL_DATA)/$$set ]; then \
			$(BINARY) eval $(EVAL_DATA)/$$set --task answer --keep $(EVAL_KEEP)/$$set \
				--run $(EVAL_KEEP)/$$set.answers.jsonl --format text || exit 1; fi; done
	@if [ -d $(EVAL_DATA)/attributionbench-dev ]; then \
		$(BINARY) eval $(EVAL_DATA)/attributionbench-dev --task support --format text; fi
	@for set in $(EVAL_NAMES); do \
		if [ -d $(EVAL_DATA)/$$set ]; then \
			$(BINARY) eval $(EVAL_DATA)/$$set --task mentions --format text || exit 1; fi; done
	@for pairs in $(EVAL_PAIRS); do \
		if [ -f $(EVAL_DATA)/entity-resolution/$$pairs.valid.jsonl ]; then \
			$(BINARY) eval $(EVAL_DATA)/entity-resolution/$$pairs.valid.jsonl --task entity-resolution \
				--train $(EVAL_DATA)/entity-resolution/$$pairs.train.jsonl --format text || exit 1; fi; done
	@$(BINARY) eval data/golden --corpus data/example --keep $(EVAL_KEEP)/example --format text
	@$(BINARY) eval data/golden --corpus data/example --keep $(EVAL_KEEP)/example --task answer \
		--run $(EVAL_KEEP)/example.answers.jsonl --format text

clean-demo:
	rm -rf target/demo-kb
