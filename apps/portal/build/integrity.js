import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const TAG = /<(script|link)([^>]*?)(src|href)="\.\/([^"]+\.(?:js|css))"([^>]*)>/g;

/** Subresource integrity for each script and style that index.html names, of the files as they were written. */
export function integrity() {
    return {
        name: "integrity",
        apply: "build",
        async writeBundle({ dir }) {
            const page = join(dir, "index.html");
            const html = await readFile(page, "utf8");
            const digests = new Map();
            for (const [, , , , file] of html.matchAll(TAG)) {
                const digest = createHash("sha384").update(await readFile(join(dir, file))).digest("base64");
                digests.set(file, `sha384-${digest}`);
            }
            const sealed = html.replace(TAG, (_, element, before, attribute, file, after) => {
                return `<${element}${before}${attribute}="./${file}"${after} integrity="${digests.get(file)}">`;
            });
            await writeFile(page, sealed);
        },
    };
}
