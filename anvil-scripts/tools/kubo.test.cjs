// `tools.sh kubo` in a copy of its own, against servers on this machine and a `go` that builds at once: is it the official
// binary, else a build, and is the reason said? What no test here can show: that dist.ipfs.tech serves what is pinned.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { execFileSync, spawn } = require("node:child_process");
const { createHash, randomBytes } = require("node:crypto");
const { once } = require("node:events");
const { after, describe, it } = require("node:test");

const scripts = path.resolve(__dirname, "..");
const VERSION = /^KUBO_VERSION=(.+)$/m.exec(fs.readFileSync(path.join(scripts, "tools.sh"), "utf8"))[1];
const PLATFORMS = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"];
const SERVED = new RegExp(`^/kubo/v${VERSION}/kubo_v${VERSION}_(${PLATFORMS.join("|")})\\.tar\\.gz$`);
const OFFICIAL = /using the official binary of Kubo/;
const FAR_FROM_ANY_LIMIT = "60";

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "kubo-test."));
after(() => fs.rmSync(temporary, { recursive: true }));
const folder = () => fs.mkdtempSync(path.join(temporary, "t"));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const program = (file, ...lines) => fs.writeFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
const isThere = (...names) => fs.existsSync(path.join(...names));

// An archive laid out as the official one. What it contains tells its version, and `official` when called otherwise.
function archiveOf(version) {
  const to = folder();
  fs.mkdirSync(path.join(to, "kubo"));
  program(path.join(to, "kubo/ipfs"), `[ "$1" = version ] && echo ${version} || echo official`);
  fs.writeFileSync(path.join(to, "kubo/LICENSE"), randomBytes(1e6));
  return execFileSync("tar", ["-cz", "-C", to, "kubo"]);
}
const archive = archiveOf(VERSION);

// edits: [from, to] in kubo.cjs of the copy.
function copyOfTheScripts({ served = archive, goBuilds = true, edits = [] } = {}) {
  const copy = path.join(folder(), "anvil-scripts");
  fs.cpSync(scripts, copy, { recursive: true });
  const pins = PLATFORMS.map((it) => `${createHash("sha512").update(served).digest("hex")}  kubo_v${VERSION}_${it}.tar.gz\n`);
  fs.writeFileSync(path.join(copy, "tools/kubo/archives.sha512"), pins.join(""));
  const script = path.join(copy, "tools/kubo.cjs");
  for (const [from, to] of edits) {
    assert(fs.readFileSync(script, "utf8").includes(from), `kubo.cjs no longer says ${from}`);
    fs.writeFileSync(script, fs.readFileSync(script, "utf8").replace(from, to));
  }
  const stubs = path.join(copy, "stubs");
  fs.mkdirSync(stubs);
  // tools.sh takes no script for an `ipfs`, so this one only hides that of the machine.
  program(path.join(stubs, "ipfs"), "exit 1");
  program(
    path.join(stubs, "go"),
    goBuilds ? "" : "exit 1",
    'while [ $# -gt 0 ]; do [ "$1" = -o ] && { echo "echo built" >"$2"; chmod +x "$2"; }; shift; done',
  );
  return copy;
}

function start(copy, env) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(.*_proxy|KUBO_.*|NODE_.*)$/i.test(name)));
  const child = spawn("bash", [path.join(copy, "tools.sh"), "kubo"], {
    env: { KUBO_FETCH_SECONDS: FAR_FROM_ANY_LIMIT, ...clean, PATH: `${path.join(copy, "stubs")}:${process.env.PATH}`, ...env },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  child.said = "";
  child.stderr.on("data", (data) => (child.said += data));
  child.ended = once(child, "close");
  return child;
}

async function run(copy, env) {
  const started = Date.now();
  const child = start(copy, env);
  const [code] = await child.ended;
  return { code, said: child.said, seconds: (Date.now() - started) / 1000, tools: path.join(copy, "../.tools") };
}

const whichIn = (tools) => execFileSync("/bin/sh", [path.join(tools, "bin/ipfs")], { encoding: "utf8" }).trim();

function assertOfficial({ code, said, tools }) {
  assert.equal(code, 0, said);
  assert.match(said, OFFICIAL);
  assert.equal(whichIn(tools), "official");
  assert.deepEqual(fs.readdirSync(path.join(tools, "kubo")).sort(), ["ipfs", "stamp"]);
}

function assertBuilt({ code, said, tools }, why) {
  assert.equal(code, 0, said);
  assert.match(said, new RegExp(`no official binary of Kubo \\(.*${why}.*\\): building it`));
  assert.equal(whichIn(tools), "built");
  assert.deepEqual(fs.readdirSync(path.join(tools, "kubo")).sort(), ["ipfs", "stamp"]);
}

async function listening(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  return server.address().port;
}

async function serve(handler) {
  return `http://127.0.0.1:${await listening(http.createServer(handler))}`;
}

const send = (request, response) => response.writeHead(SERVED.test(request.url) ? 200 : 404).end(archive);
const lengthOf = (response) => response.writeHead(200, { "Content-Length": archive.length });
const half = archive.subarray(0, archive.length / 2);

async function dripping(response, everyMs) {
  lengthOf(response);
  for (let at = 0; !response.destroyed && at < archive.length; at += 1e5) {
    response.write(archive.subarray(at, at + 1e5));
    await sleep(everyMs);
  }
  response.end();
}

describe("the official Kubo", { concurrency: 4 }, () => {
  it("is installed when its digest is the pinned one, and fetched once", async () => {
    let requests = 0;
    const url = await serve((request, response) => send(request, response, (requests += 1)));
    const copy = copyOfTheScripts();
    assertOfficial(await run(copy, { KUBO_DIST_URL: `${url}/` }));
    assert.equal((await run(copy, { KUBO_DIST_URL: url })).said, "");
    assert.equal(requests, 1);
  });

  it("is found behind a redirect", async () => {
    const target = await serve(send);
    const url = await serve((request, response) => response.writeHead(302, { Location: target + request.url }).end());
    assertOfficial(await run(copyOfTheScripts(), { KUBO_DIST_URL: url }));
  });

  it("may take longer than the patience when bytes keep coming", async () => {
    const url = await serve((_, response) => dripping(response, 250));
    const done = await run(copyOfTheScripts(), { KUBO_DIST_URL: url, KUBO_FETCH_SECONDS: "2" });
    assertOfficial(done);
    assert(done.seconds > 2, `${done.seconds} s`);
  });
});

describe("Kubo is built, and the reason said,", { concurrency: 4 }, () => {
  const silent = { env: { KUBO_FETCH_SECONDS: "1" }, within: [1, 5] };
  const slow = { edits: [["60 * PATIENCE_S", "2"]], within: [2, 6] };
  const endlessly = { edits: [["200e6", "2e6"], ...slow.edits] };
  const unpinned = { edits: [["kubo_v${", "kubo_w${"]] };
  const notAnIpfs = execFileSync("tar", ["-cz", "-C", __dirname, "kubo.cjs"]);
  const moved = (location) => (request, response) => response.writeHead(301, { Location: location ?? request.url }).end();
  const cases = [
    ["when the archive has another digest", (_, response) => response.end(archiveOf(VERSION)), "sent an archive of another SHA-512"],
    ["when the archive is cut short", (_, response) => response.end(half), "sent an archive of another SHA-512"],
    ["when the connection breaks", (_, response) => lengthOf(response).write(half, () => response.destroy()), "broke off after"],
    ["when the archive is not there", (_, response) => response.writeHead(404).end(), "127.0.0.1:[0-9]+ answered 404"],
    ["when the host refuses", (_, response) => response.writeHead(503).end(archive), "answered 503"],
    ["when redirects go round", moved(), "redirects more than 3 times"],
    ["when a redirect leaves HTTP", moved("file:///"), "file:// is neither"],
    ["when nothing answers", () => {}, "127.0.0.1:[0-9]+ sent nothing for 1 s", silent],
    ["when the bytes stop", (_, response) => lengthOf(response).write(half), "sent nothing for 1 s", silent],
    ["when it is too slow", (_, response) => dripping(response, 1000), "too slow: not done in 2 s", slow],
    ["when bytes never end", (_, response) => endless(response), "sends more than an archive has", endlessly],
    ["when it is of another version", null, "does not run here as ipfs", { served: archiveOf("0.1.0") }],
    ["when it contains no ipfs", null, "does not run here as ipfs", { served: notAnIpfs }],
    ["when no digest is pinned", send, "no digest of kubo_w.* is pinned", unpinned],
    ["when the patience is no number", send, "KUBO_FETCH_SECONDS must be a number", { env: { KUBO_FETCH_SECONDS: "soon" } }],
  ];
  function endless(response) {
    while (!response.destroyed && response.write(archive));
    if (!response.destroyed) response.once("drain", () => endless(response));
  }
  for (const [when, handler, why, { env, within, ...options } = {}] of cases) {
    it(when, async () => {
      const url = await serve(handler ?? ((_, response) => response.end(options.served)));
      const done = await run(copyOfTheScripts(options), { KUBO_DIST_URL: url, ...env });
      assertBuilt(done, why);
      if (within) assert(done.seconds >= within[0] && done.seconds < within[1], `${done.seconds} s`);
    });
  }

  it("when the connection is refused", async () => {
    const server = net.createServer();
    const port = await listening(server);
    server.close();
    assertBuilt(await run(copyOfTheScripts(), { KUBO_DIST_URL: `http://127.0.0.1:${port}` }), `127.0.0.1:${port}: it refuses connections`);
  });

  it("when nothing shall be fetched", async () => {
    assertBuilt(await run(copyOfTheScripts(), { KUBO_DIST_URL: "" }), "KUBO_DIST_URL is empty");
  });

  it("or, without Go, exit code 3 says that there is neither", async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    const { code, said, tools } = await run(copyOfTheScripts({ goBuilds: false }), { KUBO_DIST_URL: url });
    assert.equal(code, 3);
    assert.match(said, /no Kubo: no official binary \(.* answered 404\), and neither ipfs .* nor a Go/);
    assert(!isThere(tools, "kubo"));
  });
});

describe("an interrupted fetch", { concurrency: 4 }, () => {
  for (const signal of ["SIGINT", "SIGKILL"]) {
    it(`by ${signal} installs nothing, and the next run is not troubled`, async () => {
      let halfSent;
      const isHalfSent = new Promise((resolve) => (halfSent = resolve));
      const stalling = await serve((_, response) => lengthOf(response).write(half, halfSent));
      const copy = copyOfTheScripts();
      const child = start(copy, { KUBO_DIST_URL: stalling });
      await isHalfSent;
      process.kill(-child.pid, signal);
      await child.ended;
      const tools = path.join(copy, "../.tools");
      assert(!isThere(tools, "kubo") && !isThere(tools, "bin/ipfs"));
      const rest = () => fs.readdirSync(tools).filter((name) => name.startsWith(".new"));
      if (signal === "SIGINT") assert.deepEqual(rest(), []);
      assertOfficial(await run(copy, { KUBO_DIST_URL: await serve(send) }));
      assert.deepEqual(rest(), []);
    });
  }
});

describe("behind a proxy the official Kubo", { concurrency: 4 }, () => {
  const login = `Basic ${Buffer.from("ana:s e").toString("base64")}`;

  it("comes through the proxy, or past it for hosts of NO_PROXY", async () => {
    let proxied = 0;
    const direct = await serve(send);
    const proxy = await serve((request, response) => {
      proxied += 1;
      assert.equal(request.headers["proxy-authorization"], login);
      send({ url: request.url.replace(direct, "") }, response);
    });
    const env = { http_proxy: proxy.replace("//", "//ana:s%20e@"), KUBO_DIST_URL: direct };
    const skips = { "": 1, "other, 27.0.0.1": 1, "127.0.0.1": 0, "other, .0.0.1": 0, "*.0.0.1": 0, "*": 0 };
    for (const [NO_PROXY, through] of Object.entries(skips)) {
      proxied = 0;
      assertOfficial(await run(copyOfTheScripts(), { ...env, NO_PROXY }));
      assert.equal(proxied, through, NO_PROXY);
    }
  });

  it("comes through a tunnel that keeps TLS whole", async () => {
    const [key, cert] = selfSigned("mirror.invalid");
    const port = await listening(https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, send));
    const proxy = http.createServer().on("connect", (request, socket) => {
      assert.equal(request.url, "mirror.invalid:443");
      assert.equal(request.headers["proxy-authorization"], login);
      const target = net.connect(port, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      socket.pipe(target).pipe(socket);
      for (const end of [socket, target]) end.on("error", () => {});
    });
    const env = { HTTPS_PROXY: `ana:s%20e@127.0.0.1:${await listening(proxy)}`, KUBO_DIST_URL: "https://mirror.invalid" };
    assertOfficial(await run(copyOfTheScripts(), { ...env, NODE_EXTRA_CA_CERTS: cert }));
    assertBuilt(await run(copyOfTheScripts(), env), "mirror.invalid: DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  it("is given up when the proxy refuses, without a word of its password", async () => {
    const proxy = http.createServer().on("connect", (_, socket) => socket.end("HTTP/1.1 407 No\r\n\r\n"));
    const done = await run(copyOfTheScripts(), {
      HTTPS_PROXY: `http://ana:secret@127.0.0.1:${await listening(proxy)}`,
      KUBO_DIST_URL: "https://mirror.invalid",
    });
    assertBuilt(done, "the proxy 127.0.0.1:[0-9]+ answered 407");
    assert.doesNotMatch(done.said, /secret/);
  });

  it("is given up when the proxy is of another kind", async () => {
    const env = { ALL_PROXY: "socks5://127.0.0.1:1", KUBO_DIST_URL: "https://mirror.invalid" };
    assertBuilt(await run(copyOfTheScripts(), env), "proxies of the kind socks5:// are not supported");
  });
});

function selfSigned(name) {
  const [key, cert] = ["key", "cert"].map((part) => path.join(folder(), part));
  const kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(" ");
  const names = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  execFileSync("openssl", [...kind, ...names, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return [key, cert];
}

it("the pins name one archive of the built version for each platform", () => {
  const read = (name) => fs.readFileSync(path.join(__dirname, "kubo", name), "utf8");
  const lines = read("archives.sha512").trimEnd().split("\n");
  const pins = lines.filter((line) => !line.startsWith("#")).map((line) => /^[0-9a-f]{128} {2}(.+)$/.exec(line)?.[1]);
  assert.deepEqual(pins, PLATFORMS.map((platform) => `kubo_v${VERSION}_${platform}.tar.gz`));
  assert.match(read("go.mod"), new RegExp(`^require github.com/ipfs/kubo v${VERSION.replaceAll(".", "\\.")}$`, "m"));
});
