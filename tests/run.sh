#!/usr/bin/env bash
# The whole suite, one command, on a fresh machine with Rust, a C compiler, Python, Node and Java. Installs what is missing from
# Debian, PyPI and npm by package name (into target/foreign, but for Debian's packages), then formats, lints, documents, tests,
# builds and round-trips. Every step runs whatever the one before it gave; the last line counts. Exit status 1 on any failure.
#
#   tests/run.sh           everything
#   tests/run.sh install   only what is missing
#   tests/run.sh watched   only the watched lints; `tests/run.sh watched --write` keeps the numbers
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}" CARGO_INCREMENTAL=0
foreign=target/foreign
passed=0 failed=0 broken=()

step() { # step NAME COMMAND…
  local name=$1 began=$SECONDS; shift
  printf '\n== %s\n' "$name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); broken+=("$name"); printf '** %s failed\n' "$name"; fi
  printf -- '-- %s: %d s\n' "$name" $((SECONDS - began))
}

# ---- what is missing -------------------------------------------------------------------------------------------------------

apt_install() { # the packages that are not there yet; the lists are fetched only when they do not know a package
  local wanted=() package as_root=()
  for package in "$@"; do dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || wanted+=("$package"); done
  [ ${#wanted[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || { echo "no apt-get here; wanted: ${wanted[*]}"; return 1; }
  if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
  local run=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
  "${run[@]}" install --no-install-recommends "${wanted[@]}" </dev/null >"$foreign/apt.log" 2>&1 && return 0
  "${run[@]}" update </dev/null >>"$foreign/apt.log" 2>&1
  "${run[@]}" install --no-install-recommends "${wanted[@]}" </dev/null >>"$foreign/apt.log" 2>&1 || { tail -n 5 "$foreign/apt.log"; return 1; }
}

same() { [ -f "$2" ] && cmp -s "$1" "$2"; } # is this what was installed?

python_packages() {
  same tests/requirements.txt $foreign/py/requirements.txt && return 0
  [ -x $foreign/py/bin/pip ] || python3 -m venv $foreign/py 2>/dev/null || { apt_install python3-venv && python3 -m venv --clear $foreign/py; } || return 1
  $foreign/py/bin/pip install -q --disable-pip-version-check -r tests/requirements.txt && cp tests/requirements.txt $foreign/py/
}

npm_packages() {
  same tests/package-lock.json $foreign/npm/installed-lock.json && return 0
  mkdir -p $foreign/npm && cp tests/package.json tests/package-lock.json $foreign/npm/
  (cd $foreign/npm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null) && cp tests/package-lock.json $foreign/npm/installed-lock.json
}

install() {
  mkdir -p $foreign
  step 'Debian: chromium php-cli php-soap libjaxws-java libwss4j-java libxml2-utils postgresql prometheus redis-server xmlsec1' apt_install chromium php-cli php-soap libjaxws-java libwss4j-java libxml2-utils postgresql prometheus redis-server xmlsec1
  step 'PyPI: tests/requirements.txt' python_packages
  step 'npm: tests/package-lock.json' npm_packages
}

# ---- the checks ------------------------------------------------------------------------------------------------------------

lint() { # with every feature, and the plain build without any
  cargo clippy --locked --all-targets --all-features --quiet -- -D warnings && cargo clippy --locked --no-default-features --quiet -- -D warnings
}
document() { RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items --quiet; }

tests() { # nextest where it is, else cargo's own runner; the tests that passed and failed are added to the count
  rm -f target/skipped.txt
  local log=target/tests.log status
  if cargo nextest --version >/dev/null 2>&1; then
    CASTILE_KILLS=200 cargo nextest run --locked --all-features --profile ci 2>&1 | tee $log; status=$?
    count "$(sed -n 's/.*Summary.*[: ]\([0-9]\{1,\}\) passed.*/\1/p' $log)" "$(sed -n 's/.*Summary.*[:, ]\([0-9]\{1,\}\) failed.*/\1/p' $log)"
  else
    CASTILE_KILLS=200 cargo test --locked --all-features --no-fail-fast 2>&1 | tee $log; status=$?
    count "$(sed -n 's/^test result:.* \([0-9]\{1,\}\) passed.*/\1/p' $log)" "$(sed -n 's/^test result:.* \([0-9]\{1,\}\) failed.*/\1/p' $log)"
  fi
  cargo test --locked --doc --quiet || status=1
  return $status
}
count() { local n; for n in $1; do passed=$((passed + n)); done; for n in $2; do failed=$((failed + n)); done; }

release() { cargo build --locked --release --quiet && target/release/castile --version; }

# The watched lints (Cargo.toml says which and why): their numbers may fall, not rise.
watched_lints() {
  local numbers=target/watched-lints.txt lint
  touch src/lib.rs
  cargo clippy --locked --quiet --lib --message-format=short -- -W clippy::indexing_slicing -W clippy::string_slice \
    -W clippy::cast_possible_truncation >target/watched.log 2>&1
  : >$numbers
  for lint in 'indexing_slicing:(indexing|slicing) may panic' 'string_slice:indexing into a string' 'cast_possible_truncation:may truncate the value'; do
    echo "${lint%%:*} $(grep -cE "${lint#*:}" target/watched.log)" >>$numbers
  done
  cat $numbers
  if [ "${1:-}" = --write ]; then cp $numbers tests/watched-lints.txt; return 0; fi
  join <(sort $numbers) <(sort tests/watched-lints.txt) | awk '$2 > $3 { print $1 " rose from " $3 " to " $2; bad = 1 } END { exit bad }'
}

# Generated messages of real services and of the samples, against the executable reference of the mapping.
round_trips() {
  local shared=${CASTILE_SHARED:-../shared}
  if [ ! -d "$shared/oracle" ]; then echo "skipped round trips: missing $shared/oracle" | tee -a target/skipped.txt; return 0; fi
  timeout 900 $foreign/py/bin/python tests/roundtrip.py "$shared" target/release/castile
}

case "${1:-}" in
  install) install ;;
  watched) watched_lints "${2:-}"; exit $? ;;
  '')
    install
    step 'format' cargo fmt --check
    step 'clippy' lint
    step 'watched lints' watched_lints
    step 'documentation' document
    step 'tests' tests
    step 'release build' release
    step 'round trips' round_trips
    if [ -s target/skipped.txt ]; then printf '\n== skipped\n'; sort -u target/skipped.txt; fi
    ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
printf '\n'
for name in "${broken[@]}"; do printf 'failed: %s\n' "$name"; done
printf '%d s\n%d passed, %d failed\n' "$SECONDS" "$passed" "$failed"
[ "$failed" -eq 0 ]
