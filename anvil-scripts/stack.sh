#!/usr/bin/env bash
# A private chain (Anvil) with the contracts deployed, a private IPFS node (Kubo), and a hospital's node, on free local ports.
#
#   anvil-scripts/stack.sh                         stays until Ctrl-C; prints what to export
#   anvil-scripts/stack.sh run [--node] -- CMD...  runs CMD inside, takes everything down, returns its exit code
#
# Without Kubo the store is a folder; records get the same CIDs there. Nothing outlives the script.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scripts=$root/anvil-scripts
bin=$root/.tools/bin
NO_KUBO=3
DEADLINE_S=60

usage() {
  sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

say() { printf 'stack: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# shellcheck disable=SC2329 # called by the trap
clean_up() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$state"
}

# until_ready NAME PID LOG CMD...: waits until CMD succeeds; a process that died meanwhile ends it.
until_ready() {
  local name=$1 pid=$2 log=$3 ticks=0
  shift 3
  until "$@"; do
    if ! kill -0 "$pid" 2>/dev/null || [ $((ticks += 1)) -gt $((DEADLINE_S * 10)) ]; then
      tail -n 20 "$log" >&2
      die "$name did not start"
    fi
    sleep 0.1
  done
}

start_anvil() {
  local log=$state/anvil.log
  "$bin/anvil" --port 0 >"$log" 2>&1 </dev/null &
  pids+=($!)
  until_ready anvil $! "$log" grep -q '^Listening on ' "$log"
  ETH_RPC_URL=http://$(sed -n 's/^Listening on //p' "$log")
  local deployed
  deployed=$("$scripts/deploy.sh" "$ETH_RPC_URL" --unlocked --from "$(first_account)")
  HOSPITAL_RECORD_CONTRACT=$(sed -n 's/^HospitalRecord //p' <<<"$deployed")
}

first_account() { "$bin/cast" rpc --rpc-url "$ETH_RPC_URL" eth_accounts | grep -oE '0x[0-9a-fA-F]{40}' | head -n 1; }

start_kubo() {
  local log=$state/kubo.log
  export IPFS_PATH=$state/ipfs IPFS_TELEMETRY=off
  "$bin/ipfs" init --empty-repo --profile=announce-off,unixfs-v1-2025 >"$log" 2>&1
  node "$scripts/kubo-config.cjs" "$IPFS_PATH/config"
  "$bin/ipfs" daemon >>"$log" 2>&1 </dev/null &
  pids+=($!)
  until_ready Kubo $! "$log" grep -q '^Daemon is ready' "$log"
  HOSPITAL_RECORD_STORE=kubo+http://127.0.0.1:$(sed 's|.*/tcp/||' "$IPFS_PATH/api")
  unset IPFS_PATH IPFS_TELEMETRY
}

start_store() {
  local code=0
  "$scripts/tools.sh" kubo || code=$?
  case $code in
    0) start_kubo ;;
    "$NO_KUBO")
      say "records go to a folder instead, under the same CIDs"
      mkdir "$state/store"
      HOSPITAL_RECORD_STORE=file://$state/store
      ;;
    *) exit "$code" ;;
  esac
}

# A hospital's node: chain, store and relay in one address. It pays with a key of its own, which is in a folder that nobody
# else reads and that goes with this script.
start_node() {
  local log=$state/node.log wallet payer
  "$scripts/programs.sh" --quiet
  wallet=$("$bin/cast" wallet new)
  (umask 077 && sed -n 's/^Private key: *//p' <<<"$wallet" >"$state/payer.key")
  payer=$(sed -n 's/^Address: *//p' <<<"$wallet")
  "$bin/cast" rpc --rpc-url "$ETH_RPC_URL" anvil_setBalance "$payer" 0x8ac7230489e80000 >/dev/null
  (cd "$root" && exec "${CARGO_TARGET_DIR:-target}/debug/hospital-record-node" --listen 127.0.0.1:0 \
    --rpc-url "$ETH_RPC_URL" --contract "$HOSPITAL_RECORD_CONTRACT" --key-file "$state/payer.key" --state "$state/node" \
    --login "$state/login.key" \
    --chain-reads --blocks "$HOSPITAL_RECORD_STORE" --open-blocks \
    >"$log" 2>&1 </dev/null) &
  pids+=($!)
  until_ready "the node" $! "$log" grep -q '"listening"' "$log"
  HOSPITAL_RECORD_NODE=http://$(sed -n 's/.*"listening".*"address":"\([^"]*\)".*/\1/p' "$log")
}

stay() {
  cat <<TEXT

# One address: the chain, the store, and a relay that pays, so that nobody needs ether.
export HOSPITAL_RECORD_NODE=$HOSPITAL_RECORD_NODE

${HOSPITAL_RECORD_NODE_PORTAL:+# Open it in a browser.

}# The services behind it, for programs that use them directly:
# export ETH_RPC_URL=$ETH_RPC_URL
# export HOSPITAL_RECORD_CONTRACT=$HOSPITAL_RECORD_CONTRACT
# export HOSPITAL_RECORD_STORE=$HOSPITAL_RECORD_STORE

# 10 ether for an account:
${bin#"$PWD/"}/cast rpc --rpc-url $ETH_RPC_URL anvil_setBalance ADDRESS 0x8ac7230489e80000

# Ctrl-C takes all of it down.
TEXT
  local pid
  while sleep 1; do
    for pid in "${pids[@]}"; do kill -0 "$pid" 2>/dev/null || die "a server ended by itself"; done
  done
}

command=() node=yes
case ${1:-} in
  "") ;;
  run)
    shift
    node=
    [ "${1:-}" != --node ] || { node=yes && shift; }
    [ "${1:-}" = -- ] || usage
    shift
    [ $# -gt 0 ] || usage
    command=("$@")
    ;;
  *) usage ;;
esac

"$scripts/tools.sh" foundry
pids=()
state=$(mktemp -d "${TMPDIR:-/tmp}/hospital-record-stack.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_store
start_anvil
[ -z "$node" ] || start_node
if [ ${#command[@]} -gt 0 ]; then
  export ETH_RPC_URL HOSPITAL_RECORD_CONTRACT HOSPITAL_RECORD_STORE
  [ -z "$node" ] || export HOSPITAL_RECORD_NODE
  "${command[@]}"
else
  stay
fi
