import { resolve } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { integrity } from "./build/integrity.js";

// The built npm package of the SDK. `sdk/wasm/build.sh` makes it.
const sdk = resolve(process.env.HOSPITAL_RECORD_PACKAGE ?? "../../sdk/wasm/pkg");

export default {
    base: "./",
    plugins: [svelte(), integrity()],
    resolve: { alias: { "hospital-record": resolve(sdk, "hospital_record.js") } },
    worker: { format: "es" },
    build: {
        target: "es2023",
        // The content security policy allows files of this origin alone: nothing is inlined, and no script is added.
        assetsInlineLimit: 0,
        modulePreload: false,
        cssCodeSplit: false,
        // The notices of what is built in.
        license: { fileName: "third-party.txt" },
    },
    server: { fs: { allow: [".", sdk] } },
};
