// A hospital: its node, which serves the portal, and its office, which vouches.
// Chain and store come from `anvil-scripts/stack.sh run`.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = process.env.HOSPITAL_RECORD_ROOT ?? join(here, "../../..");
const programs = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug");
const cast = join(root, ".tools/bin/cast");
const dist = join(here, "../dist");
const { ETH_RPC_URL: rpc, HOSPITAL_RECORD_CONTRACT: contract, HOSPITAL_RECORD_STORE: store } = process.env;

export async function startHospital() {
    const state = mkdtempSync(join(tmpdir(), "portal-test."));
    const children = [];
    const stop = async () => {
        await Promise.all(children.map(ended));
        rmSync(state, { recursive: true, force: true });
    };
    try {
        const office = makeOffice(state);
        const start = nodeOf(state, office, pageOf(state, office), children);
        const node = await start();
        const vouch = (account) => office.run("vouches", "give", account, "--node", node);
        const stopNode = () => ended(children.pop());
        return { portal: node, vouch, phrase: office.phrase, stop, stopNode, startNode: () => start(new URL(node).host), run: programOf(state) };
    } catch (error) {
        await stop();
        throw error;
    }
}

async function ended(child) {
    child.removeAllListeners("exit");
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await new Promise((done) => child.once("exit", done));
}

/** The program of the command line, for one person with a home of their own. */
const programOf = (state) => (person, words, input = "") => {
    const { HOSPITAL_RECORD_STORE: _, ...env } = process.env;
    const settings = { HOSPITAL_RECORD_HOME: join(state, person), HOSPITAL_RECORD_PASSWORD_FILE: join(state, "password") };
    return execFileSync(join(programs, "hospital-record"), [...words, "--json"], { env: { ...env, ...settings }, encoding: "utf8", input });
};

/** The hospital's own account, with the program of the command line. */
function makeOffice(state) {
    writeFileSync(join(state, "password"), "correct horse battery staple\n", { mode: 0o600 });
    const run = (...words) => programOf(state)("office", words);
    const made = run("init", "--as", "office");
    return { run, address: made.match(/0x[0-9a-fA-F]{40}/)[0], phrase: made.match(/"phrase":"([^"]*)"/)[1] };
}

/** The portal's files, with the settings of this hospital. */
function pageOf(state, office) {
    const page = join(state, "page");
    cpSync(dist, page, { recursive: true });
    writeFileSync(join(page, "portal.json"), JSON.stringify({ hospital: "City Hospital", node: "", authorities: [office.address] }));
    return page;
}

/** Starts a node; with an address, the same one again. */
function nodeOf(state, office, page, children) {
    const wallet = execFileSync(cast, ["wallet", "new"], { encoding: "utf8" });
    const [, payer] = wallet.match(/Address: *(0x\w+)/);
    writeFileSync(join(state, "payer.key"), wallet.match(/Private key: *(0x\w+)/)[1], { mode: 0o600 });
    for (const account of [payer, office.address]) {
        execFileSync(cast, ["rpc", "--rpc-url", rpc, "anvil_setBalance", account, "0x8ac7230489e80000"]);
    }
    const options = [
        "--rpc-url", rpc, "--contract", contract, "--key-file", join(state, "payer.key"),
        "--state", join(state, "node"), "--login", join(state, "login.key"), "--chain-reads", "--blocks", store, "--open-blocks",
        "--directory", "--directory-authority", office.address, "--directory-check", "1", "--portal", page,
    ];
    return (listen = "127.0.0.1:0") => {
        const node = spawn(join(programs, "hospital-record-node"), ["--listen", listen, ...options], { stdio: ["ignore", "ignore", "pipe"] });
        children.push(node);
        return listening(node);
    };
}

function listening(node) {
    return new Promise((started, failed) => {
        let log = "";
        node.on("exit", (code) => failed(new Error(`the node ended with ${code}: ${log}`)));
        node.stderr.on("data", (text) => {
            log = (log + text).slice(-20_000);
            const address = log.match(/"listening".*?"address":"([^"]*)"/);
            if (address) started(`http://${address[1]}`);
        });
    });
}
