// A viewer's worker gives up what it does not need, before it reads anything. The node's policy forbids it the network as well; this
// is for a server whose policy does not.

const GIVEN_UP = [
    "fetch", "XMLHttpRequest", "WebSocket", "WebSocketStream", "WebTransport", "EventSource", "Worker", "SharedWorker",
    "BroadcastChannel", "indexedDB", "caches", "importScripts", "Notification", "FontFace", "RTCPeerConnection",
];

export function sealOff(): void {
    for (const name of GIVEN_UP) remove(globalThis, name);
    for (const name of ["storage", "serviceWorker", "locks", "sendBeacon", "usb", "serial", "hid"]) remove(navigator, name);
}

function remove(from: object, name: string): void {
    for (let holder: object | null = from; holder; holder = Object.getPrototypeOf(holder)) Reflect.deleteProperty(holder, name);
}
