import { createHash } from "node:crypto";

const digest = (source) => `sha384-${createHash("sha384").update(source).digest("base64")}`;

/** Subresource integrity for each script and style that index.html names. */
export function integrity() {
    return {
        name: "integrity",
        apply: "build",
        enforce: "post",
        generateBundle(_, bundle) {
            const page = bundle["index.html"];
            if (!page) return;
            page.source = String(page.source).replace(
                /<(script|link)([^>]*?)(src|href)="\.\/([^"]+\.(?:js|css))"([^>]*)>/g,
                (tag, element, before, attribute, file, after) => {
                    const found = bundle[file];
                    if (!found) throw new Error(`index.html names ${file}, which is not built`);
                    const hash = digest(found.type === "chunk" ? found.code : found.source);
                    return `<${element}${before}${attribute}="./${file}"${after} integrity="${hash}">`;
                },
            );
        },
    };
}
