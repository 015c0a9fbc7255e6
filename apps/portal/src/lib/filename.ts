// Names of files that are safe on every system. A record's author chose the name, and may be hostile. Pure functions.

/** Bytes of UTF-8, so that a folder and a number still fit into what file systems take. */
const LONGEST = 120;
const LONGEST_ENDING = 16;
/** Names of devices of Windows, with any ending. */
const DEVICES = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/i;
/** Control characters, and those that show nothing or turn the direction. The joiners of Indian scripts stay. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\u034f\u115f\u1160\u3164\uffa0]/gu;
const FORBIDDEN = /[/\\:*?"<>|\u2044\u2215\u29f8]/g;

const encoder = new TextEncoder();
const length = (text: string): number => encoder.encode(text).length;

/** A name without a path, that no system takes for something else. */
export function safeName(name: string, otherwise = "record"): string {
    const plain = name.toWellFormed().normalize("NFC").replace(UNSEEN, "").replace(FORBIDDEN, "_");
    const trimmed = plain.replace(/^[\s.]+|[\s.]+$/gu, "");
    const short = shortened(trimmed) || otherwise;
    return DEVICES.test(short) ? `_${short}` : short;
}

function shortened(name: string): string {
    const [stem, ending] = parts(name);
    const room = LONGEST - length(ending);
    if (length(stem) <= room) return name;
    let kept = "";
    for (const character of stem) {
        if (length(kept + character) > room) break;
        kept += character;
    }
    return kept.trimEnd() + ending;
}

/** A name without its ending, and the ending with its dot. */
function parts(name: string): [string, string] {
    const dot = name.lastIndexOf(".");
    return dot > 0 && length(name.slice(dot)) <= LONGEST_ENDING ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
}

/** Gives each name once, also where capitals and accents make no difference: `scan.png`, then `scan (2).png`. */
export class Names {
    #taken = new Set<string>();

    take(path: string, name: string): string {
        const [stem, ending] = parts(name);
        for (let number = 1; ; number += 1) {
            const tried = number === 1 ? name : `${stem} (${number})${ending}`;
            const key = `${path}/${tried}`.normalize("NFKC").toLowerCase();
            if (this.#taken.has(key)) continue;
            this.#taken.add(key);
            return tried;
        }
    }
}
