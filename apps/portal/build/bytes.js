import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const MARK = "?bytes";

/** `import … from "file?bytes"` gives the file in base64, whatever its kind: a node serves few kinds of files. */
export function bytes() {
    return {
        name: "bytes",
        enforce: "pre",
        async load(id) {
            if (!id.endsWith(MARK)) return undefined;
            const content = await readFile(id.slice(0, -MARK.length), "base64");
            return { code: `export default ${JSON.stringify(content)};`, map: null, moduleType: "js" };
        },
    };
}

/** Notices that are beside the files of a package, and not its licence. */
export function notices(folders) {
    return {
        name: "notices",
        apply: "build",
        async writeBundle({ dir }) {
            const path = join(dir, "third-party.txt");
            let all = await readFile(path, "utf8");
            for (const folder of folders) {
                for (const name of (await readdir(folder)).filter((name) => name.startsWith("LICENSE")).sort()) {
                    all += `\n---\n\n## ${folder.replace("node_modules/", "")}/${name}\n\n${await readFile(join(folder, name), "utf8")}`;
                }
            }
            await writeFile(path, all);
        },
    };
}
