#!/usr/bin/env bash
# Installs the pinned tools into .tools; does nothing, at once, when they are there.
#
#   anvil-scripts/tools.sh            Foundry and, where it can be had, Kubo
#   anvil-scripts/tools.sh foundry    forge, anvil, cast, solc, forge-std, OpenZeppelin
#   anvil-scripts/tools.sh kubo       ipfs: the official binary, or built with Go; exit code 3 where neither can be had
#   anvil-scripts/tools.sh python     .tools/venv, the independent readers of our formats, an S3 server, and schemathesis (tests only)
#   anvil-scripts/tools.sh wasm       the target wasm32-unknown-unknown of Rust
#   anvil-scripts/tools.sh browser    .tools/browser, a Chromium and what drives it, and what makes WebAssembly small
#   anvil-scripts/tools.sh halmos     .tools/halmos, which proves properties of the contracts (deep checks only)
#   anvil-scripts/tools.sh slither    .tools/slither, a linter of the contracts (deep checks only)
#
# A forge, anvil, cast or ipfs of the pinned version on PATH is used instead of a download.
#
# Kubo's official binary comes from dist.ipfs.tech, its SHA-512 is pinned, and HTTPS_PROXY is respected. The script gives up
# on it after 10 s without a byte or 10 minutes in all, says why, and builds Kubo instead. To change that:
#
#   KUBO_DIST_URL=URL       a mirror, as for the npm package `kubo`; empty: fetch nothing, build
#   KUBO_FETCH_SECONDS=30   another patience than 10 s; the limit in all is 60 times as long
set -euo pipefail

FOUNDRY_VERSION=1.7.1
KUBO_VERSION=0.42.0
NO_KUBO=3

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pins=$root/anvil-scripts/tools
tools=$root/.tools

say() { printf 'tools: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# The stamp is a copy of the pin files, so a changed pin is found without hashing anything.
is_current() {
  local part=$1
  shift
  [ -f "$tools/$part/stamp" ] && (cd "$pins" && cat "$@") | cmp -s - "$tools/$part/stamp"
}

# Installs happen in a folder of their own that is renamed when it is complete.
begin() {
  mkdir -p "$tools/bin" "$tools/lib"
  exec 9>"$tools/.lock"
  lock -n || {
    say "waiting for another run to finish"
    lock
  }
  rm -rf "$tools"/.new.*
  new=$(mktemp -d "$tools/.new.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  trap 'exit 130' INT TERM
}

lock() {
  if command -v flock >/dev/null; then
    flock "$@" 9
  else
    perl -MFcntl=:flock -e 'open(my $f, ">&=", 9) or die; exit !flock($f, LOCK_EX | (@ARGV ? LOCK_NB : 0))' -- "$@"
  fi
}

commit() {
  local part=$1
  shift
  (cd "$pins" && cat "$@") >"$new/stamp"
  rm -rf "${tools:?}/$part"
  mv "$new" "$tools/$part"
}

# npm's launcher named forge, anvil or cast exits 0 when tests fail: only a real binary will do.
on_path() {
  local found
  found=$(command -v "$1") || return 1
  case $found in "$tools"/*) return 1 ;; esac
  case $(head -c 2 "$found") in '#!') return 1 ;; esac
  "$@" 2>/dev/null | head -n 1 | grep -qF "$version" || return 1
  printf '%s\n' "$found"
}

FOUNDRY_PINS=(package.json package-lock.json .npmrc solc.cjs)

foundry_is_current() {
  local name
  is_current npm "${FOUNDRY_PINS[@]}" || return 1
  for name in forge anvil cast solc; do [ -x "$tools/bin/$name" ] || return 1; done
}

foundry() {
  foundry_is_current && return
  begin
  foundry_is_current && return
  command -v npm >/dev/null || die "npm is missing: install Node.js 20 or later"

  local name found platform version=$FOUNDRY_VERSION
  platform=$(platform)
  (cd "$pins" && cp "${FOUNDRY_PINS[@]}" "$new")
  if on_path forge --version && on_path anvil --version && on_path cast --version; then
    platform=""
    say "using $(command -v forge) and its sisters; installing solc, OpenZeppelin and forge-std"
    npm_here ci --omit=optional
  else
    say "installing Foundry $FOUNDRY_VERSION, solc, OpenZeppelin and forge-std (70 MB to fetch)"
    npm_here ci
    # The lock file can only name platforms whose packages its author could reach.
    [ -d "$new/node_modules/@foundry-rs/forge-$platform" ] ||
      npm_here install --no-save --no-package-lock "@foundry-rs/"{forge,anvil,cast}"-$platform@$FOUNDRY_VERSION" ||
      die "npm has no Foundry for $platform: install Foundry $FOUNDRY_VERSION so that forge, anvil and cast are on PATH"
  fi >/dev/null
  commit npm "${FOUNDRY_PINS[@]}"

  for name in forge anvil cast; do
    found=../npm/node_modules/@foundry-rs/$name-$platform/bin/$name
    [ -n "$platform" ] || found=$(on_path "$name" --version)
    ln -sfn "$found" "$tools/bin/$name"
  done
  ln -sfn ../npm/solc.cjs "$tools/bin/solc"
  ln -sfn ../npm/node_modules/@openzeppelin/contracts "$tools/lib/openzeppelin"
  ln -sfn ../npm/node_modules/@layerzerolabs/toolbox-foundry/lib/forge-std "$tools/lib/forge-std"
  say "Foundry is ready ($SECONDS s)"
}

npm_here() { (cd "$new" && npm "$@" --loglevel=error >&2); }

platform() {
  case $(uname -sm) in
    "Linux x86_64") echo linux-amd64 ;;
    "Linux aarch64") echo linux-arm64 ;;
    "Darwin x86_64") echo darwin-amd64 ;;
    "Darwin arm64") echo darwin-arm64 ;;
    *) echo unknown ;;
  esac
}

KUBO_PINS=(kubo/go.mod kubo/go.sum)

kubo_is_current() { is_current kubo "${KUBO_PINS[@]}" && [ -x "$tools/bin/ipfs" ]; }

kubo() {
  kubo_is_current && return
  begin
  kubo_is_current && return
  local found why version=$KUBO_VERSION
  if found=$(on_path ipfs version --number); then
    say "using $found"
  elif fetch_kubo; then
    say "using the official binary of Kubo $KUBO_VERSION"
    found=../kubo/ipfs
  elif command -v go >/dev/null && (cd "$pins/kubo" && go list -m >/dev/null 2>&1); then
    say "no official binary of Kubo ($why): building it"
    rm -rf "${new:?}"/*
    build_kubo
    found=../kubo/ipfs
  else
    say "no Kubo: no official binary ($why), and neither ipfs $KUBO_VERSION nor a Go that can build it" \
      "($(grep '^go ' "$pins/kubo/go.mod")) is on PATH"
    return $NO_KUBO
  fi
  commit kubo "${KUBO_PINS[@]}"
  ln -sfn "$found" "$tools/bin/ipfs"
  say "Kubo is ready ($SECONDS s)"
}

# Sets $why when it fails.
fetch_kubo() {
  local archive=$new/kubo.tar.gz
  command -v node >/dev/null || {
    why="Node.js is missing"
    return 1
  }
  [ -z "${KUBO_DIST_URL-default}" ] || say "fetching the official binary of Kubo $KUBO_VERSION (40 to 55 MB)"
  # `exec`, or bash reports the signal with which the script ends itself.
  why=$(exec node "$pins/kubo.cjs" "$KUBO_VERSION" "$(platform)" "$archive") || return
  # A binary for glibc does not run on musl.
  why="what it contains does not run here as ipfs $KUBO_VERSION"
  tar -xzf "$archive" -C "$new" kubo/ipfs 2>/dev/null || return
  mv "$new/kubo/ipfs" "$new/ipfs"
  [ "$("$new/ipfs" version --number 2>/dev/null)" = "$KUBO_VERSION" ] || return
  rm -r "$archive" "$new/kubo"
}

build_kubo() {
  say "building Kubo $KUBO_VERSION with Go, once (4 to 5 minutes on two cores)"
  local line count=0 shown=0 log=$new/build.log
  (cd "$pins/kubo" && CGO_ENABLED=0 go build -v -mod=readonly -buildvcs=false -trimpath -ldflags='-s -w' \
    -o "$new/ipfs" github.com/ipfs/kubo/cmd/ipfs 2>&1) |
    while IFS= read -r line; do
      printf '%s\n' "$line" >>"$log"
      count=$((count + 1))
      [ $((SECONDS - shown)) -lt 15 ] && continue
      shown=$SECONDS
      say "building Kubo: $count modules and packages done ($SECONDS s)"
    done || {
    tail -n 20 "$log" >&2
    die "Kubo did not build"
  }
  rm -f "$log"
}

wasm() {
  [ -d "$(cd "$root" && rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ] && return
  say "adding the target wasm32-unknown-unknown (25 MB to fetch)"
  rustup target add wasm32-unknown-unknown >&2 ||
    die "Rust for WebAssembly is missing: install the target wasm32-unknown-unknown of the Rust that rust-toolchain.toml names"
}

BROWSER_PINS=(browser/package.json browser/package-lock.json browser/.npmrc)

browser() {
  is_current browser "${BROWSER_PINS[@]}" && return
  begin
  is_current browser "${BROWSER_PINS[@]}" && return
  command -v npm >/dev/null || die "npm is missing: install Node.js 20 or later"
  say "installing a Chromium and what drives it (80 MB to fetch)"
  (cd "$pins" && cp "${BROWSER_PINS[@]}" "$new")
  npm_here ci >/dev/null
  commit browser "${BROWSER_PINS[@]}"
  say "the Chromium is ready ($SECONDS s)"
}

# AGPL, unlike anything that is linked or shipped here: they are programs that are run, each in a venv of its own.
halmos() { venv halmos halmos.txt "halmos and its solvers" 80; }
slither() { venv slither slither.txt Slither 40; }

python() { venv venv requirements.txt "the Python readers, the S3 server and schemathesis" 56; }

# venv PART PINS WHAT MEGABYTES: call its programs as `bin/python -m`, for pip writes into scripts where they were made.
venv() {
  is_current "$1" "$2" && return
  begin
  is_current "$1" "$2" && return
  local python
  python=$(find_python) || die "Python 3.11 or later with its venv module is missing"
  say "installing $3 ($4 MB to fetch)"
  "$python" -m venv "$new"
  "$new/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$pins/$2" >&2
  commit "$1" "$2"
  say "$3: ready ($SECONDS s)"
}

find_python() {
  local name
  for name in python3 python3.11 python3.12 python3.13; do
    "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    command -v "$name"
    return
  done
  return 1
}

case ${1:-} in
  "") (foundry) && { (kubo) || [ $? -eq $NO_KUBO ]; } ;;
  foundry | kubo | python | wasm | browser | halmos | slither) "$1" ;;
  *) die "unknown part '$1': foundry, kubo, python, wasm, browser, halmos or slither" ;;
esac
