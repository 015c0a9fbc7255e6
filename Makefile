# Everything runs from here; `make` alone lists what there is.

export HOSPITAL_RECORD_ANVIL := $(CURDIR)/.tools/bin/anvil
export HOSPITAL_RECORD_IPFS := $(CURDIR)/.tools/bin/ipfs
export HOSPITAL_RECORD_BROWSER := $(CURDIR)/.tools/browser
export HOSPITAL_RECORD_PYTHON := $(CURDIR)/.tools/venv/bin/python

# The real binary: npm's launcher of the same name exits 0 when tests fail.
FORGE := .tools/bin/forge
ADAPTER := examples/ipfs-api-backend
# Whole-system tests wait for their servers a third of the time.
TEST_THREADS := $$((3 * $$(getconf _NPROCESSORS_ONLN)))

.PHONY: help tools demo test test-contracts faults histories symbolic symbolic-any-call mutants slither check-deep fuzz-node coverage errors test-rust test-portal test-portal-deep test-vectors test-adapter test-tools wasm portal examples bench gas docs stack fmt lint artifacts

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tools: ## the pinned Foundry, solc and Kubo in .tools, and Rust for WebAssembly
	@anvil-scripts/tools.sh
	@anvil-scripts/tools.sh wasm

demo: ## the whole story on a real chain and a real IPFS node
	@anvil-scripts/demo.sh

test: ## everything that must pass
	@anvil-scripts/test.sh

test-contracts: ## the contract alone: unit, fuzz, invariants, gas snapshots
	@anvil-scripts/tools.sh foundry
	FORGE_SNAPSHOT_CHECK=true $(FORGE) test

faults: ## shows that each rule of the contract's tests fails on the faults it is there for
	@anvil-scripts/tools.sh foundry
	@node contracts/test/faults/histories.cjs

histories: ## the rules of the contract over 10,000 random histories each
	@anvil-scripts/tools.sh foundry
	FOUNDRY_PROFILE=histories $(FORGE) test --match-path 'contracts/test/invariant/*'

symbolic: ## what is proven of the contracts for any arguments and any state, as far as that takes minutes
	@anvil-scripts/tools.sh foundry
	@anvil-scripts/tools.sh halmos
	@node contracts/test/faults/symbolic.cjs --cheap

symbolic-any-call: ## what is proven of every verb: an hour
	@anvil-scripts/tools.sh foundry
	@anvil-scripts/tools.sh halmos
	@node contracts/test/faults/symbolic.cjs --any-call

mutants: ## breaks the contracts in one small way at a time: do the unit tests notice? A fair sample, in an hour
	@anvil-scripts/tools.sh foundry
	@node contracts/test/faults/mutants.cjs --sample 100

slither: ## the contracts by Slither, a linter
	@anvil-scripts/tools.sh foundry
	@anvil-scripts/tools.sh slither
	@contracts/test/slither.sh

check-deep: ## all of these whose inputs changed since docs/verification.md was written
	@node .ci/deep.cjs

test-rust: ## the crates and the whole system (after `make test` has fetched the tools)
	RUST_TEST_THREADS=$(TEST_THREADS) cargo test --locked --workspace --all-features

wasm: ## the npm package for browsers, in sdk/wasm/pkg
	@sdk/wasm/build.sh

portal: ## the portal of a local hospital, for a look, until Ctrl-C
	@sdk/wasm/build.sh --quick
	@apps/portal/build.sh
	@HOSPITAL_RECORD_NODE_PORTAL=$(CURDIR)/apps/portal/dist anvil-scripts/stack.sh

test-portal: ## stories of patient, doctor and office in the portal, in a Chromium (after `make test-rust` has built the programs)
	@apps/portal/build.sh
	@cd apps/portal && npm test --silent
	@anvil-scripts/stack.sh run -- node apps/portal/test/story.mjs

test-portal-deep: ## every act and page of the portal, files of each kind, large ones, what goes wrong: ten minutes
	@apps/portal/build.sh
	@anvil-scripts/stack.sh run -- node apps/portal/test/story.mjs acts views deep

test-vectors: ## the vectors of formats and journals, by readers that share no code with ours
	@anvil-scripts/tools.sh python
	$(HOSPITAL_RECORD_PYTHON) -B sdk/core/vectors/read_vectors.py

test-adapter: ## the store over ipfs-api-backend-hyper, against Kubo
	CARGO_TARGET_DIR=target/ipfs-api-backend cargo test --locked --manifest-path $(ADAPTER)/Cargo.toml
	HOSPITAL_RECORD_PROGRAMS=tested anvil-scripts/stack.sh run --node -- $(ADAPTER)/run.sh

test-tools: ## how the IPFS node is fetched or built, against servers on this machine
	node --test --test-reporter=spec anvil-scripts/tools/kubo.test.cjs

examples: ## runs every example: alone, then against a local chain and IPFS node
	@anvil-scripts/examples.sh

fuzz-node: ## thousands of requests to the node by schemathesis, in ten minutes: right and wrong, with and without a session
	@anvil-scripts/tools.sh foundry
	@anvil-scripts/tools.sh python
	HOSPITAL_RECORD_EXAMPLES=1000 cargo test --locked --workspace --all-features --test whole_system -- described --nocapture

coverage: ## fails when the tests leave a line of the contracts unrun
	@anvil-scripts/tools.sh foundry
	@contracts/test/coverage.sh

bench: ## speed: sealing, a large file beside plain IPFS, ten thousand records, a thousand clients, a node's load
	@anvil-scripts/tools.sh foundry
	@anvil-scripts/tools.sh kubo
	cargo bench --locked -p hospital-record-core --bench seal
	cargo bench --locked -p hospital-record-tests --bench large_file --bench many_records --bench many_clients --bench node_load

gas: ## measures the contract's gas and rewrites contracts/snapshots
	@anvil-scripts/tools.sh foundry
	FORGE_SNAPSHOT_CHECK=false $(FORGE) test --match-path 'contracts/test/Gas*'
	@cat contracts/snapshots/*.json

docs: ## the API documentation, in target/doc
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace --all-features

errors: ## docs/errors.md from the SDK's own comments
	@node .ci/errors.cjs

stack: ## a local chain, contracts, an IPFS node and a hospital's node until Ctrl-C
	@anvil-scripts/stack.sh

artifacts: ## contracts/artifacts from the Solidity sources
	@anvil-scripts/artifact.sh

fmt: ## formats Rust and Solidity
	@anvil-scripts/tools.sh foundry
	cargo fmt --all
	$(FORGE) fmt

lint: ## formats, words, promises, guides, scripts, licences, the core's limits, clippy, documentation: no test is run
	.ci/run fmt words promises guides layers shell licences core clippy docs
