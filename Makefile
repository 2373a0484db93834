# Everything runs from .venv, made from the hashed lock; nothing needs to be installed by hand but Python 3.11, Git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SWIFT_READY := .venv-swift/.ready
LLMOCK_READY := .venv-llmock/.ready
MARIADB_READY := .mariadb/.ready

# uv brings its own list of certificate authorities; the system's may know more (a proxy, a mirror).
export UV_SYSTEM_CERTS := true

.PHONY: demo test check bench up lock

$(READY): requirements.lock requirements-uv.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# Servers of the tests that keep their own dependencies apart from ours: Swift speaks S3, llmock plays model providers.
$(SWIFT_READY) $(LLMOCK_READY): .venv-%/.ready: tests/servers/%.lock | $(READY)
	$(PYTHON) -m venv --without-pip .venv-$*
	$(BIN)/uv pip sync --quiet --python .venv-$*/bin/python --require-hashes $<
	touch $@

# MariaDB, the MySQL of the tests: Debian's package, unpacked here, which needs no root. Where there is no apt, the
# tests of MySQL take an installed server, and are skipped without one.
$(MARIADB_READY):
	mkdir -p .mariadb/root
	-command -v apt-get >/dev/null && sh tests/servers/get_mariadb.sh .mariadb
	touch $@

demo: $(READY)  ## generate, archive and push the example project; needs no key and no service
	$(BIN)/repomill demo

up: $(READY)  ## start the embedded stack (Prefect server, worker, artefact links)
	$(BIN)/repomill up

test: $(READY) $(SWIFT_READY) $(LLMOCK_READY) $(MARIADB_READY)  ## every test, on real PostgreSQL, a real S3 server and Git over HTTP
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --cov --cov-report=
	$(BIN)/python -m coverage report --fail-under=90
	$(BIN)/python -m coverage report --include='repomill/*' --fail-under=95 --format=total

check: $(READY)  ## the static gates: lint, format, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## measure against peers, side by side; prints ratios: make bench [ROW=archives]
	$(BIN)/python -m benchmarks $(ROW)

lock:  ## renew all locks: make lock [UPGRADE=--upgrade]
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-uv.in
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(UPGRADE) requirements-uv.in --output-file requirements-uv.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(UPGRADE) --group dev pyproject.toml --output-file requirements.lock
	for server in swift llmock; do $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(UPGRADE) tests/servers/$$server.in --output-file tests/servers/$$server.lock || exit 1; done
