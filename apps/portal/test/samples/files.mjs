// What the story of the viewers uploads.
import { createRequire } from "node:module";
import { dicom, grey16, rle16, SYNTAX } from "./dicom.mjs";
import { losslessJpeg } from "./lossless.mjs";
import { locked, pdf } from "./pdf.mjs";
import { encodedFrames, webm } from "./webm.mjs";

const require = createRequire(import.meta.url);

export const SIZE = { columns: 64, rows: 48 };
/** Dark on the left, bright on the right. */
export const slope = (x) => x * 60;

/** The same picture in each form. */
const grey = { ...SIZE, bits: 16, stored: 12 };
const plain = grey16(SIZE.columns, SIZE.rows, slope);

async function jpeg2000() {
    const { J2KEncoder } = await require("@cornerstonejs/codec-openjpeg")();
    const encoder = new J2KEncoder();
    const input = encoder.getDecodedBuffer({ width: SIZE.columns, height: SIZE.rows, bitsPerSample: 12, componentCount: 1, isSigned: false, isUsingColorTransform: false });
    input.set(plain);
    encoder.setQuality(true, 0);
    encoder.encode();
    return Buffer.from(encoder.getEncodedBuffer());
}

/** A colour in a JPEG, by the browser's own encoder. */
async function jpeg(page) {
    const bytes = await page.evaluate(async ({ columns, rows }) => {
        const canvas = new OffscreenCanvas(columns, rows);
        const context = canvas.getContext("2d");
        context.fillStyle = "#00ff00";
        context.fillRect(0, 0, columns, rows);
        return [...new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 1 })).arrayBuffer())];
    }, SIZE);
    return Buffer.from(bytes);
}

export async function scans(page) {
    const frames = [0, 1, 2].map((number) => grey16(SIZE.columns, SIZE.rows, () => number * 1000));
    const lossless = losslessJpeg(SIZE.columns, SIZE.rows, 12, slope);
    return {
        "plain.dcm": dicom({ ...grey, frames: [plain], window: { center: 1890, width: 3781 }, patient: "राव^आना <b>" }),
        "rle.dcm": dicom({ ...grey, syntax: SYNTAX.rle, frames: [rle16(plain)], window: { center: 1890, width: 3781 } }),
        "lossless.dcm": dicom({ ...grey, syntax: SYNTAX.lossless, frames: [lossless], window: { center: 1890, width: 3781 } }),
        "jpeg2000.dcm": dicom({ ...grey, syntax: SYNTAX.jpeg2000, frames: [await jpeg2000()], window: { center: 1890, width: 3781 } }),
        "jpeg.dcm": dicom({ ...SIZE, syntax: SYNTAX.jpeg, samples: 3, colours: "YBR_FULL_422", frames: [await jpeg(page)] }),
        "frames.dcm": dicom({ ...grey, frames, window: { center: 1000, width: 2000 } }),
    };
}

export const brokenScans = () => ({
    "huge.dcm": [dicom({ columns: 60_000, rows: 60_000, frames: [Buffer.alloc(64)] }), "too large"],
    "short.dcm": [dicom({ ...grey, frames: [plain] }).subarray(0, 2000), "damaged"],
    "cut.dcm": [dicom({ ...grey, syntax: SYNTAX.lossless, frames: [losslessJpeg(4, 4, 12, slope)] }), "damaged"],
    "other.dcm": [dicom({ ...grey, syntax: SYNTAX.jpegLs, frames: [plain] }), "cannot be shown in this browser"],
});

export const pdfs = () => ({ "letter.pdf": pdf(), "broken.pdf": pdf().subarray(0, 9), "wide.pdf": pdf({ mediaBox: "0 0 2000000000 2" }), "locked.pdf": locked(), "bomb.pdf": pdf({ pages: 1, bomb: 12 }) });

const quantity = (value, unit) => ({ value, unit });

export const health = () => ({
    "bundle.json": {
        resourceType: "Bundle",
        entry: [
            { resource: { resourceType: "Patient", name: [{ given: ["Ana"], family: "Rao" }], birthDate: "1980-02-03", text: { status: "generated", div: "<div><script>document.title='hacked'</script><b>bold</b></div>" } } },
            { resource: { resourceType: "Observation", status: "final", code: { text: "Haemoglobin <img src=x onerror=alert(1)>" }, valueQuantity: quantity(9.1, "g/dL"), referenceRange: [{ low: quantity(12, "g/dL") }] } },
            { resource: { resourceType: "MedicationRequest", status: "active", doNotPerform: true, medicationCodeableConcept: { text: "Penicillin" } } },
        ],
    },
    "device.json": { resourceType: "Device", deviceName: [{ name: "Pacemaker" }] },
});

export const MOVIE = { width: 640, height: 480, milliseconds: 100, count: 100, bitrate: 8_000_000 };
export const movie = async (page) => webm(await encodedFrames(page, MOVIE), MOVIE);
