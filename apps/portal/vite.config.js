import { resolve } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { bytes, notices } from "./build/bytes.js";
import { compressed } from "./build/compressed.js";
import { integrity } from "./build/integrity.js";

// The built npm package of the SDK. `sdk/wasm/build.sh` makes it.
const sdk = resolve(process.env.HOSPITAL_RECORD_PACKAGE ?? "../../sdk/wasm/pkg");

// The decoder of JPEG 2000 asks for these only outside of browsers.
const nothing = resolve("build/nothing.js");
const ofNode = { fs: nothing, path: nothing };

// What is built into workers, is a font, or has notices beside its licence.
const withNotices = ["@fontsource/noto-sans-devanagari", "dicom-parser", "jpeg-lossless-decoder-js", "client-zip", "pdfjs-dist/standard_fonts", "pdfjs-dist/wasm"].map((name) => `node_modules/${name}`);

export default {
    base: "./",
    plugins: [svelte(), bytes(), integrity(), notices(withNotices), compressed()],
    resolve: { alias: { "hospital-record": resolve(sdk, "hospital_record.js"), ...ofNode } },
    worker: {
        format: "es",
        // The service worker has a name of its own, so that browsers find its next version.
        rolldownOptions: { output: { entryFileNames: ({ name }) => (name === "service" ? "video.js" : "assets/[name]-[hash].js") } },
    },
    build: {
        target: "es2023",
        // The content security policy allows files of this origin alone: nothing is inlined, and no script is added.
        assetsInlineLimit: 0,
        modulePreload: false,
        cssCodeSplit: false,
        rolldownOptions: { checks: { pluginTimings: false } },
        // The notices of what is built in.
        license: { fileName: "third-party.txt" },
    },
    server: { fs: { allow: [".", sdk] } },
};
