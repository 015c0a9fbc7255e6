#!/usr/bin/env bash
# Makes the portal's files in apps/portal/dist, for `hospital-record-node --portal`. The npm package must have been made.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or later" >&2 && exit 1; }
package=${HOSPITAL_RECORD_PACKAGE:-../../sdk/wasm/pkg}
[ -f "$package/hospital_record_bg.wasm" ] || { echo "there is no npm package yet: run \`make wasm\`" >&2 && exit 1; }
# What was installed is of this list.
if ! cmp -s package-lock.json node_modules/installed; then
  npm ci --silent
  cp package-lock.json node_modules/installed
fi
node_modules/.bin/svelte-check --tsconfig tsconfig.json --threshold warning --output machine >/dev/null ||
  { node_modules/.bin/svelte-check --tsconfig tsconfig.json --threshold warning; exit 1; }
node_modules/.bin/vite build --logLevel warn
