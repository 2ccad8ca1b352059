# The door to every habit. `just` alone lists them.

_list:
    @just --list --unsorted

# Run the server in development mode on http://127.0.0.1:8080
run *ARGS:
    cargo run --release -- {{ARGS}}

# Everything that has a test, on what is installed here
test *ARGS:
    cargo test --workspace {{ARGS}}

# What decides whether a change lands
ci:
    .ci/run

# Format, and say what the linter finds
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Write golden files and generated parts of documents anew; read the difference before you commit it
bless:
    UPDATE_GOLDEN=1 cargo test --workspace -q golden

# Take the pictures of the README anew; look at them before you commit them
screenshots:
    UPDATE_SCREENSHOTS=1 cargo test -q -p server --test it browser::pictures

# The manuals of all crates, in the browser
doc:
    cargo doc --workspace --no-deps --open

# Measure the server on this machine: a new SQLite file, a free port, a table of figures and ratios (docs/performance.md)
bench *ARGS:
    cargo build --release -p groups-server -p groups-load
    target="${CARGO_TARGET_DIR:-target}/release"; "$target/groups-load" bench --server "$target/groups-server" {{ARGS}}

# RFC 6455 conformance with the Autobahn fuzzing client; needs a Python 2.7
autobahn PYTHON="python2.7":
    crates/notify/tests/autobahn/run {{PYTHON}}
