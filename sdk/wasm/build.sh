#!/usr/bin/env bash
# Makes the npm package in sdk/wasm/pkg.
#
#   sdk/wasm/build.sh           small, for people: some minutes; prints its sizes
#   sdk/wasm/build.sh --quick   large, for tests
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
anvil-scripts/tools.sh wasm

# What Rust takes for granted in a browser, and no more.
FEATURES=(bulk-memory bulk-memory-opt multivalue mutable-globals nontrapping-float-to-int reference-types sign-ext)
profile=browser
folder=browser
if [ "${1:-}" = --quick ]; then
  profile=dev
  folder=debug
fi
target=${CARGO_TARGET_DIR:-target}
cargo build --locked --quiet -p hospital-record-wasm --target wasm32-unknown-unknown --profile "$profile"
cargo build --locked --quiet --manifest-path sdk/wasm/bindgen/Cargo.toml --target-dir "$target/bindgen"

new=$here/pkg.new
rm -rf "$new"
mkdir "$new"
trap 'rm -rf "$new"' EXIT
"$target/bindgen/debug/hospital-record-bindgen" \
  "$target/wasm32-unknown-unknown/$folder/hospital_record_wasm.wasm" "$new" hospital_record
cp sdk/wasm/package.json sdk/wasm/README.md LICENSE-MIT LICENSE-APACHE "$new/"
if [ "$profile" = browser ]; then
  anvil-scripts/tools.sh browser
  node .tools/browser/node_modules/binaryen/bin/wasm-opt -Oz "${FEATURES[@]/#/--enable-}" --strip-debug \
    "$new/hospital_record_bg.wasm" -o "$new/small.wasm"
  mv "$new/small.wasm" "$new/hospital_record_bg.wasm"
  for file in hospital_record_bg.wasm hospital_record.js; do
    printf '%s: %d KB, %d KB with gzip\n' "$file" "$(($(wc -c <"$new/$file") / 1000))" \
      "$(($(gzip -9 -c "$new/$file" | wc -c) / 1000))"
  done
fi
rm -rf "$here/pkg"
mv "$new" "$here/pkg"
