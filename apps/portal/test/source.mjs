import { fileURLToPath } from "node:url";
import { build } from "vite";

/** A part of the portal that needs no browser, as a module of Node.js: `source("lib/format.ts")`. */
export async function source(path) {
    const entry = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
    const options = { configFile: false, logLevel: "error", build: { write: false, minify: false, target: "es2023", lib: { entry, formats: ["es"] } } };
    const [{ output }] = await build(options);
    return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}
