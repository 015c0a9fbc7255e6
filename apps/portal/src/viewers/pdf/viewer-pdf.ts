// Reads and draws a PDF, all of it in this worker. No script of a PDF runs: the part of pdf.js that could run one is not here.
import { expose, transfer } from "comlink";
import { getDocument, type PDFDocumentProxy } from "pdfjs-dist";
import { WorkerMessageHandler } from "pdfjs-dist/build/pdf.worker.mjs";
import { sealOff } from "../sealed";
import { Canvases, NoFilters } from "./canvas";

sealOff();
// pdf.js would start a worker of its own.
Object.assign(globalThis, { pdfjsWorker: { WorkerMessageHandler } });

const MOST_PAGES = 2000;
const MOST_PIXELS = 16_000_000;
const LONGEST_TEXT = 200_000;
/** A PDF is laid out in points, of which an inch has 72. */
const SCALE = 96 / 72;

export interface PageOfPdf {
    picture: ImageBitmap;
    text: string;
    /** The zoom was too large for this page, so it is drawn smaller. */
    smaller: boolean;
}

type FileOf = (name: string) => Promise<Uint8Array>;

let opened: PDFDocumentProxy | undefined;

function why(error: unknown): Error {
    const { name, message } = error as Error;
    return new Error(`${name === "PasswordException" ? "locked" : "damaged"}: ${message}`);
}

const calls = {
    /** The number of pages, and the width of the first one. */
    async open(file: Blob, fileOf: FileOf): Promise<{ pages: number; width: number }> {
        class Files {
            fetch = ({ filename }: { filename: string }) => fileOf(filename);
        }
        const task = getDocument({
            data: new Uint8Array(await file.arrayBuffer()),
            CanvasFactory: Canvases, FilterFactory: NoFilters, BinaryDataFactory: Files,
            cMapUrl: "maps/", standardFontDataUrl: "fonts/", wasmUrl: "decoders/",
            useWorkerFetch: false, disableWorkerRendering: true, disableFontFace: true, useSystemFonts: false,
            enableXfa: false, disableAutoFetch: true, verbosity: 0,
            maxImageSize: 64_000_000, canvasMaxAreaInBytes: MOST_PIXELS * 4,
        } as Parameters<typeof getDocument>[0]);
        try {
            opened = await task.promise;
        } catch (error) {
            throw why(error);
        }
        if (opened.numPages > MOST_PAGES) throw new Error("size: too many pages");
        const first = await opened.getPage(1);
        return { pages: opened.numPages, width: first.getViewport({ scale: SCALE }).width };
    },

    async page(number: number, zoom: number): Promise<PageOfPdf> {
        const page = await opened!.getPage(number);
        const [left, top, right, bottom] = page.view as [number, number, number, number];
        const area = (right - left) * (bottom - top);
        const wanted = SCALE * zoom;
        const scale = Math.min(wanted, Math.sqrt(MOST_PIXELS / area));
        const viewport = page.getViewport({ scale });
        const canvas = new OffscreenCanvas(Math.max(1, Math.round(viewport.width)), Math.max(1, Math.round(viewport.height)));
        if (canvas.width * canvas.height > MOST_PIXELS * 1.1) throw new Error("size: a page is too large");
        const canvasContext = canvas.getContext("2d", { alpha: false });
        // To print: without it pdf.js waits for frames of a window.
        await page.render({ canvasContext, canvas: null, viewport, intent: "print" } as unknown as Parameters<typeof page.render>[0]).promise;
        const text = await textOf(page);
        page.cleanup();
        const picture = canvas.transferToImageBitmap();
        return transfer({ picture, text, smaller: scale < wanted }, [picture]);
    },
};

async function textOf(page: Awaited<ReturnType<PDFDocumentProxy["getPage"]>>): Promise<string> {
    let text = "";
    const reader = page.streamTextContent().getReader();
    for (let piece = await reader.read(); !piece.done && text.length < LONGEST_TEXT; piece = await reader.read()) {
        for (const item of piece.value.items as { str?: string; hasEOL?: boolean }[]) text += (item.str ?? "") + (item.hasEOL ? "\n" : "");
    }
    return text.slice(0, LONGEST_TEXT).trim();
}

export type PdfCalls = typeof calls;
expose(calls);
