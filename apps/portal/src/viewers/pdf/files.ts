// Fonts, character maps and decoders that a PDF may need, each loaded when one does. The worker asks the page for them: it needs no
// network of its own.
import jbig2 from "pdfjs-dist/wasm/jbig2.wasm?url";
import openjpeg from "pdfjs-dist/wasm/openjpeg.wasm?url";
import qcms from "pdfjs-dist/wasm/qcms_bg.wasm?url";

const PACKED = import.meta.glob<string>(
    ["/node_modules/pdfjs-dist/cmaps/*.bcmap", "/node_modules/pdfjs-dist/standard_fonts/*.{pfb,ttf}"],
    { query: "?bytes", import: "default" },
);
const packed = new Map(Object.entries(PACKED).map(([path, load]) => [path.split("/").at(-1)!, load]));
const decoders = new Map([["jbig2.wasm", jbig2], ["openjpeg.wasm", openjpeg], ["qcms_bg.wasm", qcms]]);

/** A file by its name, if it is one of these. */
export async function fileOfPdf(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const load = packed.get(name);
    if (load) return Uint8Array.from(atob(await load()), (character) => character.charCodeAt(0));
    const url = decoders.get(name);
    if (!url) throw new Error(`no such file: ${name}`);
    return new Uint8Array(await (await fetch(url)).arrayBuffer());
}
