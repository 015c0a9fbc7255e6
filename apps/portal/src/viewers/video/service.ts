// A service worker that answers a `<video>` of a page with parts of what this page's worker decrypts. It keeps nothing: each part is
// asked of the page that shows the video, so without this page there is no answer.

interface Client {
    postMessage(message: unknown, transfer: Transferable[]): void;
}
interface Asked extends Event {
    request: Request;
    clientId: string;
    respondWith(answer: Promise<Response>): void;
    waitUntil(work: Promise<unknown>): void;
}
interface Scope {
    skipWaiting(): Promise<void>;
    clients: { claim(): Promise<void>; get(id: string): Promise<Client | undefined> };
    addEventListener(name: string, heard: (event: Asked) => void): void;
}

const scope = self as unknown as Scope;
const PREFIX = new URL("./video/", location.href).href;
const LONGEST_MS = 60_000;
/** As a page, such an address shows nothing. */
const HEADERS = {
    "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "content-disposition": "attachment",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cache-control": "no-store",
    "accept-ranges": "bytes",
};

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener("fetch", (event) => {
    if (event.request.url.startsWith(PREFIX)) event.respondWith(answer(event));
});

const refused = (status: number): Response => new Response(null, { status, headers: HEADERS });

async function answer({ request, clientId }: Asked): Promise<Response> {
    if (request.destination !== "video" || request.method !== "GET") return refused(404);
    const client = clientId ? await scope.clients.get(clientId) : undefined;
    const start = Number(request.headers.get("range")?.match(/^bytes=(\d+)-/)?.[1] ?? 0);
    const end = Number(request.headers.get("range")?.match(/^bytes=\d+-(\d+)$/)?.[1] ?? Number.MAX_SAFE_INTEGER - 1) + 1;
    const part = client && (await asked(client, request.url.slice(PREFIX.length), start, end));
    if (!part) return refused(404);
    const { bytes, size, mediaType } = part;
    if (!bytes) return new Response(null, { status: 416, headers: { ...HEADERS, "content-range": `bytes */${size}` } });
    // A shorter answer than was asked for: the browser asks for the next part when it needs it.
    const range = `bytes ${start}-${start + bytes.byteLength - 1}/${size}`;
    return new Response(bytes, { status: 206, headers: { ...HEADERS, "content-type": mediaType, "content-range": range } });
}

interface Part {
    bytes?: ArrayBuffer;
    size: number;
    mediaType: string;
}

function asked(client: Client, viewing: string, start: number, end: number): Promise<Part | undefined> {
    return new Promise((heard) => {
        const { port1, port2 } = new MessageChannel();
        const late = setTimeout(() => heard(undefined), LONGEST_MS);
        port1.onmessage = ({ data }) => {
            clearTimeout(late);
            port1.close();
            heard(data);
        };
        client.postMessage({ viewing, start, end }, [port2]);
    });
}
