# Two commands: `make demo` and `make test`. Both install what they need into
# ~/.cache/veritrail and can be run again at any time. The tests also install a
# small language model and its server (200 MB), and the official OpenAI clients
# for Python and JavaScript (50 MB; they need Node.js with npm), and a browser where apt-get can.
SHELL := /bin/sh
BINARY := target/release/veritrail
ENV = eval "$$(.ci/toolchain)"

.PHONY: demo test build models check clean-demo

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

clean-demo:
	rm -rf target/demo-kb
