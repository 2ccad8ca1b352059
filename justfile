# Recipes for everyday work. `just` without arguments lists them.

target := env("CARGO_TARGET_DIR", "target")
release := target / "release"
results := "--results target/bench/results.jsonl --date $(date -u +%FT%TZ) --commit $(git describe --always --dirty)"

_list:
    @just --list --unsorted

# Run the server in development mode on http://127.0.0.1:8080
run *ARGS:
    cargo run --release -- {{ARGS}}

# All tests; skips those that need something that is not installed
test *ARGS:
    cargo test --workspace {{ARGS}}

# Everything that decides whether a change lands
ci:
    .ci/run

# Format, and run the linter
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Regenerate golden files and generated parts of documents; read the diff before you commit it
bless:
    UPDATE_GOLDEN=1 cargo test --workspace -q golden

# Retake the screenshots of the README; look at them before you commit them
screenshots:
    UPDATE_SCREENSHOTS=1 cargo test -q -p server --test it browser::pictures

# Write the manual pages and the completion scripts of groupctl to target/groupctl
groupctl-files:
    mkdir -p target/groupctl
    cargo run -q -p groupctl -- man target/groupctl
    for shell in bash zsh fish; do cargo run -q -p groupctl -- completion $shell > target/groupctl/groupctl.$shell; done

# Build the programs as they are released: optimized as a whole, with NATS
dist:
    cargo build --locked --profile dist -p groups-server -p groupctl --features groups-server/nats

# Write the software bill of materials of the server and groupctl (CycloneDX) to target/sbom; needs cargo-cyclonedx
sbom:
    rm -rf target/sbom && mkdir -p target/sbom/source
    git archive HEAD | tar -x -C target/sbom/source
    cd target/sbom/source && cargo cyclonedx --quiet --format json --spec-version 1.5 --target x86_64-unknown-linux-gnu
    mv target/sbom/source/bins/groups-server/groups-server.cdx.json target/sbom/source/bins/groupctl/groupctl.cdx.json target/sbom
    rm -rf target/sbom/source

# Open the documentation of all crates in the browser
doc:
    cargo doc --workspace --no-deps --open

# Benchmark the server on this machine: `just bench`, `just bench full`, `just bench --only changes` (docs/performance.md)
bench *ARGS:
    cargo build --release -p groups-server -p groups-load
    "{{release}}/groups-load" bench --server "{{release}}/groups-server" {{results}} {{ARGS}}

# Measure another build and this one alternately. BASE is a git revision, or the path of a server program
bench-compare BASE *ARGS:
    cargo build --release -p groups-server -p groups-load
    base="$(bins/groups-load/build-base "{{BASE}}")" && \
      "{{release}}/groups-load" compare --base "$base" --server "{{release}}/groups-server" {{results}} {{ARGS}}

# Test with a real OpenID Connect provider: needs Node.js 20 or later, and downloads `oidc-provider` on first use
oidc:
    test -d "{{target}}/oidc/node_modules/oidc-provider" || npm install --prefix "{{target}}/oidc" --no-save --no-audit \
      --no-fund --ignore-scripts --loglevel=error oidc-provider@9.13.3
    GROUPS_TEST_NODE_MODULES="$(realpath "{{target}}/oidc/node_modules")" GROUPS_TEST_REQUIRE_ALL=1 \
      cargo test -p server --test it oidc

# Test the server against its OpenAPI and AsyncAPI documents: downloads the tools on first use
documents:
    test -d "{{target}}/documents/node_modules" || npm install --prefix "{{target}}/documents" --no-save --no-audit --no-fund \
      --ignore-scripts --loglevel=error @asyncapi/parser@3.6.6 openapi-fetch@0.17.0 openapi-typescript@7.13.0 typescript@5.9.3
    test -x "{{target}}/documents/python/bin/schemathesis" || (python3 -m venv "{{target}}/documents/python" && \
      "{{target}}/documents/python/bin/pip" install -q --disable-pip-version-check \
        jsonschema==4.26.0 openapi-spec-validator==0.9.0 schemathesis==4.32.5 standardwebhooks==1.1.0)
    GROUPS_TEST_NODE_MODULES="$(realpath "{{target}}/documents/node_modules")" GROUPS_TEST_REQUIRE_ALL=1 \
      GROUPS_TEST_PYTHON="$(realpath "{{target}}/documents")/python/bin/python" \
      cargo test -p server --test it documents::

# Fuzz what strangers send, for so many seconds each, all targets or those named: see crates/groups-fuzz
fuzz SECONDS="60" *TARGETS:
    crates/groups-fuzz/run {{SECONDS}} {{TARGETS}}

# Compare the public API of the published crates with the last release
semver:
    .ci/semver

# RFC 6455 conformance with the Autobahn fuzzing client; needs a Python 2.7
autobahn PYTHON="python2.7":
    crates/notify/tests/autobahn/run {{PYTHON}}
