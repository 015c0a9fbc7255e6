import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";

const TEXT = /\.(?:css|html|js|json|mjs|svg|txt|wasm)$/;
const SMALLEST = 1024;

/** `NAME.gz` beside each file that gets smaller by it: the node sends it to browsers that take it. */
export function compressed() {
    let folder;
    return {
        name: "compressed",
        apply: "build",
        configResolved: ({ root, build }) => (folder = join(root, build.outDir)),
        // After the others have written their last.
        closeBundle: { order: "post", sequential: true, handler: () => compressAll(folder) },
    };
}

async function compressAll(folder) {
    const files = await readdir(folder, { recursive: true });
    await Promise.all(files.filter((file) => TEXT.test(file)).map((file) => compress(join(folder, file))));
}

async function compress(path) {
    const content = await readFile(path);
    if (content.length < SMALLEST) return;
    const smaller = await promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION });
    if (smaller.length < content.length) await writeFile(`${path}.gz`, smaller);
}
