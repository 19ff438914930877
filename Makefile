# What a newcomer and the continuous integration need, a target each. All but `install` write
# only below this folder (and cargo's own cache).

PREFIX ?= $(HOME)/.local
CARGO ?= cargo

.PHONY: demo test check bench bench-peers install toolchain

# The bill of the sample month: builds the program, writes sample-bill/, shows the summary.
demo: toolchain
	$(CARGO) build --release
	rm -rf sample-bill
	target/release/siptally bill --book sample-logs/month/book.toml --out sample-bill sample-logs/month

test: toolchain
	$(CARGO) test

check: toolchain
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --no-deps

bench: toolchain
	$(CARGO) bench

# siptally against every peer that is installed (benches/peers/run.py says more). The engines in
# Python come into a folder of their own; without them the rest is measured.
#   make bench-peers PEERS='--scale 0.05 --only dense,gzip'
PEERS ?=
PEERS_VENV = target/bench-peers/venv

bench-peers: toolchain
	$(CARGO) build --release
	@test -x $(PEERS_VENV)/bin/pip || python3 -m venv $(PEERS_VENV) || \
	  echo 'make: no virtual environment (Debian, Ubuntu: python3-venv)' >&2
	@for engine in chdb polars duckdb; do \
	  $(PEERS_VENV)/bin/pip install --quiet --disable-pip-version-check --no-cache-dir $$engine || \
	  echo "make: no $$engine; going on without it" >&2; done
	@python=$(PEERS_VENV)/bin/python; test -x $$python || python=python3; \
	  $$python benches/peers/run.py $(PEERS)

install: toolchain
	$(CARGO) install --path . --root $(PREFIX)

# Says what is missing instead of failing in the middle of a build.
toolchain:
	@command -v $(CARGO) >/dev/null || { \
	  echo 'make: no cargo here. This needs Rust 1.89 or newer and a C compiler.'; \
	  echo '  Debian, Ubuntu:  sudo apt-get install build-essential rustup && rustup default stable'; \
	  echo '  elsewhere:       the Rust toolchain of your system'; \
	  echo '  (.ci/run does just that, then checks and tests everything)'; \
	  exit 1; } >&2
