#!/usr/bin/env node
// Fetches the official archive of Kubo: node kubo.cjs VERSION PLATFORM FILE. When it fails, stdout says why in one line.
// Progress goes to stderr.
//
// The npm package `kubo` contains no binary: its install script downloads one. This script takes the host, the layout of the
// URLs and KUBO_DIST_URL from it, but runs none of its code. That code has no timeout, reads the checksum from the same host
// as the archive, ignores proxies, and needs 185 more packages.
//
// Only the digests in kubo/archives.sha512 decide what is accepted. No host, mirror, redirect or proxy is trusted.
"use strict";
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const path = require("node:path");
const { createHash } = require("node:crypto");
const { pipeline } = require("node:stream/promises");

const env = process.env;
const PATIENCE_S = Number(env.KUBO_FETCH_SECONDS || 10);
// Ten minutes by default. A build is faster than a slower download.
const WHOLE_S = 60 * PATIENCE_S;
const PROGRESS_S = 15;
const MOST_BYTES = 200e6;
const MOST_REDIRECTS = 3;

const [version, platform, file] = process.argv.slice(2);
const name = `kubo_v${version}_${platform}.tar.gz`;

// A name lookup cannot be cancelled. `process.exit` would wait until it ends, up to 30 s without a name server.
function giveUp(why) {
  fs.writeSync(1, `${why}\n`);
  process.kill(process.pid, "SIGKILL");
}

// Covers name lookup, proxy, TLS and redirects up to the first byte of the archive. Each chunk restarts it.
let waitingFor = "";
const stalled = setTimeout(() => giveUp(`${waitingFor} sent nothing for ${PATIENCE_S} s`), PATIENCE_S * 1000);
const whole = setTimeout(() => giveUp(`${waitingFor} is too slow: not done in ${WHOLE_S} s`), WHOLE_S * 1000);

function pinnedDigest() {
  const pins = fs.readFileSync(path.join(__dirname, "kubo/archives.sha512"), "utf8").split("\n");
  const pin = pins.map((line) => line.split("  ")).find(([, pinned]) => pinned === name);
  if (!pin) throw new Error(`no digest of ${name} is pinned`);
  return pin[0];
}

// Like curl: the lower-case variable wins, and NO_PROXY lists hosts, each with its subdomains.
function proxyFor({ protocol, hostname }) {
  const variable = (key) => env[key] || env[key.toUpperCase()];
  const skipped = (variable("no_proxy") || "").split(",").map((entry) => entry.trim().replace(/^\*?\./, ""));
  if (skipped.some((entry) => entry === "*" || entry === hostname || (entry && hostname.endsWith(`.${entry}`)))) return null;
  const proxy = variable(`${protocol.slice(0, -1)}_proxy`) || variable("all_proxy");
  if (!proxy) return null;
  const url = new URL(proxy.includes("://") ? proxy : `http://${proxy}`);
  if (!/^https?:$/.test(url.protocol)) throw new Error(`proxies of the kind ${url.protocol}// are not supported`);
  return url;
}

const MEANINGS = { ENOTFOUND: "no address is known", EAI_AGAIN: "no name server answers", ECONNREFUSED: "it refuses connections" };
const moduleOf = ({ protocol }) => (protocol === "https:" ? https : http);

// Resolves with [response, socket]. `CONNECT` needs the socket.
function answerTo(url, options) {
  waitingFor = url.host;
  return new Promise((resolve, reject) => {
    const headers = { "User-Agent": "hospital-record", ...options?.headers };
    const request = moduleOf(url).request(url, { agent: false, ...options, headers });
    for (const event of ["response", "connect"]) request.on(event, (response, socket) => resolve([response, socket]));
    request.on("error", (error) => reject(new Error(`${url.host}: ${MEANINGS[error.code] ?? error.code ?? error.message}`)));
    request.end();
  });
}

async function get(url) {
  if (!/^https?:$/.test(url.protocol)) throw new Error(`${url.protocol}// is neither http:// nor https://`);
  const proxy = proxyFor(url);
  if (!proxy) return (await answerTo(url))[0];

  const headers = {};
  if (proxy.username) {
    const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers["Proxy-Authorization"] = `Basic ${Buffer.from(login).toString("base64")}`;
  }
  const ours = new URL(proxy.origin);
  if (url.protocol === "http:") {
    const [response] = await answerTo(ours, { path: url.href, headers: { ...headers, Host: url.host } });
    return response;
  }
  const target = `${url.hostname}:${url.port || 443}`;
  const tunnel = { method: "CONNECT", path: target, headers: { ...headers, Host: target } };
  const [{ statusCode }, socket] = await answerTo(ours, tunnel);
  if (statusCode !== 200) throw new Error(`the proxy ${proxy.host} answered ${statusCode}`);
  return (await answerTo(url, { socket }))[0];
}

async function follow(start) {
  let url = start;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const response = await get(url);
    if (response.statusCode === 200) return response;
    response.destroy();
    if (!(response.statusCode in { 301: 1, 302: 1, 303: 1, 307: 1, 308: 1 } && response.headers.location))
      throw new Error(`${url.host} answered ${response.statusCode}`);
    url = new URL(response.headers.location, url);
  }
  throw new Error(`${start.host} redirects more than ${MOST_REDIRECTS} times`);
}

async function save(response) {
  const digest = createHash("sha512");
  const length = Number(response.headers["content-length"] ?? 0);
  const of = length ? ` of ${Math.ceil(length / 1e6)}` : "";
  let bytes = 0;
  const progress = setInterval(() => {
    process.stderr.write(`tools: fetching Kubo: ${Math.floor(bytes / 1e6)}${of} MB\n`);
  }, PROGRESS_S * 1000);
  await pipeline(
    response,
    async function* (chunks) {
      for await (const chunk of chunks) {
        stalled.refresh();
        bytes += chunk.length;
        if (bytes > MOST_BYTES) throw new Error(`${waitingFor} sends more than an archive has`);
        digest.update(chunk);
        yield chunk;
      }
    },
    fs.createWriteStream(file),
  ).catch((error) => {
    throw error.code === "ECONNRESET" ? new Error(`${waitingFor} broke off after ${bytes} bytes`) : error;
  });
  clearInterval(progress);
  return digest.digest("hex");
}

async function main() {
  if (!(PATIENCE_S >= 0.1 && PATIENCE_S <= 3600)) throw new Error("KUBO_FETCH_SECONDS must be a number from 0.1 to 3600");
  const pinned = pinnedDigest();
  const root = env.KUBO_DIST_URL ?? "https://dist.ipfs.tech";
  if (!root) throw new Error("KUBO_DIST_URL is empty");
  const response = await follow(new URL(`${root.replace(/\/$/, "")}/kubo/v${version}/${name}`));
  const digest = await save(response);
  if (digest !== pinned) throw new Error(`${waitingFor} sent an archive of another SHA-512 than the pinned one`);
  clearTimeout(stalled);
  clearTimeout(whole);
}

main().catch((error) => giveUp(error.message));
