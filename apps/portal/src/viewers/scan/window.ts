// Window and level of a grey picture: which values are black, which are white. Pure functions.

export interface Window {
    center: number;
    width: number;
}

export interface Values {
    slope: number;
    intercept: number;
    /** Small values are white. */
    inverted: boolean;
}

/** All values that are in the picture. */
export function rangeOf(pixels: ArrayLike<number>): { least: number; most: number } {
    let [least, most] = [Infinity, -Infinity];
    for (let at = 0; at < pixels.length; at += 1) {
        const value = pixels[at]!;
        if (value < least) least = value;
        if (value > most) most = value;
    }
    return { least, most };
}

/** A window that shows all values. */
export function wholeWindow({ least, most }: { least: number; most: number }, { slope, intercept }: Values): Window {
    const ends = [least * slope + intercept, most * slope + intercept];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    return { center: (low + high) / 2 + 0.5, width: Math.max(1, high - low + 1) };
}

/** From black 0 to white 255, as DICOM's PS3.3 C.11.2.1.2.1 has it. */
export function greyOf(value: number, { center, width }: Window): number {
    if (width <= 1) return value <= center - 0.5 ? 0 : 255;
    return Math.min(255, Math.max(0, Math.round(((value - (center - 0.5)) / (width - 1) + 0.5) * 255)));
}

/** RGBA of a grey picture. */
export function painted(pixels: ArrayLike<number>, values: Values, window: Window): Uint8ClampedArray<ArrayBuffer> {
    const rgba = new Uint8ClampedArray(pixels.length * 4);
    const { slope, intercept, inverted } = values;
    for (let at = 0; at < pixels.length; at += 1) {
        const grey = greyOf(pixels[at]! * slope + intercept, window);
        rgba.fill(inverted ? 255 - grey : grey, at * 4, at * 4 + 3);
        rgba[at * 4 + 3] = 255;
    }
    return rgba;
}

/** A window moved by shares of the whole one: a brighter picture has a lower centre. */
export function moved(window: Window, whole: Window, brighter: number, contrast: number): Window {
    return {
        center: window.center - brighter * whole.width,
        width: Math.min(whole.width * 4, Math.max(1, window.width * 2 ** -contrast)),
    };
}
