#!/usr/bin/env bash
# Makes the npm package in sdk/wasm/pkg.
#
#   sdk/wasm/build.sh           small, for people: some minutes; prints its sizes
#   sdk/wasm/build.sh --quick   large, sooner
#
# With --conformance, also the suites that its tests run, in sdk/wasm/conformance/pkg.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
anvil-scripts/tools.sh wasm

# What Rust takes for granted in a browser, and no more.
FEATURES=(bulk-memory bulk-memory-opt multivalue mutable-globals nontrapping-float-to-int reference-types sign-ext)
profile=browser folder=browser
crates=(hospital-record-wasm)
for option; do
  case $option in
    --quick) profile=dev folder=debug ;;
    --conformance) crates+=(hospital-record-conformance) ;;
    *) echo "there is no option $option: --quick, --conformance" >&2 && exit 2 ;;
  esac
done
target=${CARGO_TARGET_DIR:-target}
cargo build --locked --quiet "${crates[@]/#/--package=}" --target wasm32-unknown-unknown --profile "$profile"
cargo build --locked --quiet --manifest-path sdk/wasm/bindgen/Cargo.toml --target-dir "$target/bindgen"

new=$(mktemp -d "$here/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
# bound CRATE FOLDER NAME: the crate's WebAssembly, and JavaScript around it.
bound() {
  mkdir "$2"
  "$target/bindgen/debug/hospital-record-bindgen" "$target/wasm32-unknown-unknown/$folder/${1//-/_}.wasm" "$2" "$3"
}
bound hospital-record-wasm "$new/pkg" hospital_record
cp sdk/wasm/package.json sdk/wasm/README.md LICENSE-MIT LICENSE-APACHE "$new/pkg/"
if [ "$profile" = browser ]; then
  anvil-scripts/tools.sh browser
  node .tools/browser/node_modules/binaryen/bin/wasm-opt -Oz "${FEATURES[@]/#/--enable-}" --strip-debug \
    "$new/pkg/hospital_record_bg.wasm" -o "$new/small.wasm"
  mv "$new/small.wasm" "$new/pkg/hospital_record_bg.wasm"
  for file in hospital_record_bg.wasm hospital_record.js; do
    printf '%s: %d KB, %d KB with gzip\n' "$file" "$(($(wc -c <"$new/pkg/$file") / 1000))" \
      "$(($(gzip -9 -c "$new/pkg/$file" | wc -c) / 1000))"
  done
fi
if [ ${#crates[@]} -gt 1 ]; then
  bound hospital-record-conformance "$new/conformance" conformance
  rm -rf "$here/conformance/pkg"
  mv "$new/conformance" "$here/conformance/pkg"
fi
rm -rf "$here/pkg"
mv "$new/pkg" "$here/pkg"
