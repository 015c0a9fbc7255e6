// Addresses are in the hash, so no server needs to know them, and none learns which page is open.

const current = $state({ parts: partsOf(location.hash) });

function partsOf(hash: string): string[] {
    return hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
}

function decoded(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

addEventListener("hashchange", () => {
    current.parts = partsOf(location.hash);
});

/** The parts of the address, such as `["patient", "records"]`. */
export const route = (): string[] => current.parts;
export const address = (...parts: string[]): string => `#/${parts.map(encodeURIComponent).join("/")}`;

export function go(...parts: string[]): void {
    location.hash = address(...parts);
}
