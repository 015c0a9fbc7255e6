// The page's side of a video: it answers the service worker while the video is shown.
import { ownScript, portal } from "../../lib/portal";
import type { Video } from "../../worker/api";
import serviceUrl from "./service?worker&url";

const LONGEST_MS = 10_000;

interface Wish {
    viewing: string;
    start: number;
    end: number;
}

/** The address for a `<video>`, and what ends it. */
export async function playable(video: Video): Promise<{ address: string; end: () => void }> {
    const { serviceWorker } = navigator;
    if (!serviceWorker) throw new Error("this browser has no service workers");
    const heard = ({ data, ports }: MessageEvent<Wish>) => {
        if (data?.viewing === video.viewing && ports[0]) void answer(video, data, ports[0]);
    };
    serviceWorker.addEventListener("message", heard);
    serviceWorker.startMessages();
    const end = () => {
        serviceWorker.removeEventListener("message", heard);
        void portal().then((calls) => calls.endVideo(video.viewing));
        void forget(serviceWorker);
    };
    try {
        await serviceWorker.register(ownScript(serviceUrl), { updateViaCache: "none" });
        await controlled(serviceWorker);
        return { address: new URL(`./video/${video.viewing}`, serviceUrl).href, end };
    } catch (error) {
        end();
        throw error;
    }
}

/** The page that registered it first has it only after a moment. */
function controlled(container: ServiceWorkerContainer): Promise<void> {
    return new Promise((ready, fail) => {
        if (container.controller) return ready();
        const late = setTimeout(() => fail(new Error("the service worker did not start")), LONGEST_MS);
        container.addEventListener("controllerchange", () => (clearTimeout(late), ready()), { once: true });
    });
}

/** It stays with this page until the page is loaded anew, and is gone then. */
async function forget(container: ServiceWorkerContainer): Promise<void> {
    for (const registration of await container.getRegistrations()) await registration.unregister();
}

async function answer({ viewing, size, mediaType }: Video, { start, end }: Wish, port: MessagePort): Promise<void> {
    if (start >= size) return port.postMessage({ size, mediaType });
    try {
        const bytes = await (await portal()).videoPart(viewing, start, Math.min(end, size));
        port.postMessage({ bytes, size, mediaType }, [bytes]);
    } catch {
        // The video shows that it ends.
        port.postMessage(undefined);
    }
}
