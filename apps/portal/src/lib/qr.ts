// QR codes of cards: drawn, and found in a picture.
import encodeQR from "qr";
import decodeQR from "qr/decode.js";

/** Finer pictures take longer and show no more. */
const LARGEST_SIDE = 1200;

/** The dark squares of a code, as one path in a square of `side`. */
export function drawn(text: string): { path: string; side: number } {
    const rows = encodeQR(text, "raw", { ecc: "low", border: 4 });
    const squares = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
    return { path: squares.join(""), side: rows.length };
}

/** What a code in the picture says, if there is one. */
export function foundIn(picture: CanvasImageSource, width: number, height: number): string | undefined {
    const scale = Math.min(1, LARGEST_SIDE / Math.max(width, height));
    const size = [Math.round(width * scale), Math.round(height * scale)] as const;
    if (!size[0] || !size[1]) return undefined; // A camera that has not begun.
    const context = new OffscreenCanvas(...size).getContext("2d", { willReadFrequently: true });
    if (!context) return undefined;
    context.drawImage(picture, 0, 0, ...size);
    try {
        return decodeQR(context.getImageData(0, 0, ...size)).trim() || undefined;
    } catch {
        return undefined;
    }
}
