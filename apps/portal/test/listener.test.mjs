// When the page listens to the server, and when it comes back.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { imported } from "./typescript.mjs";

const { Listener, pauseAfter } = await imported("src/lib/listener.ts");
const [OPEN, CONNECTING, CLOSED] = [1, 0, 2];

let sources = [];

class FakeSource extends EventTarget {
    static CONNECTING = CONNECTING;
    readyState = OPEN;

    constructor(address) {
        super();
        this.address = address;
        sources.push(this);
    }

    close() {
        this.readyState = CLOSED;
    }

    tell(name, readyState = this.readyState) {
        this.readyState = readyState;
        this.dispatchEvent(new Event(name));
    }
}

globalThis.EventSource = FakeSource;
beforeEach(() => {
    sources = [];
});

const open = () => sources.filter(({ readyState }) => readyState !== CLOSED).length;

function listening(context) {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    let hints = 0;
    const listener = new Listener("/v1/events?accounts=0x1", () => (hints += 1));
    listener.seen(true);
    return { listener, hints: () => hints, wait: (ms) => context.mock.timers.tick(ms) };
}

test("each hint is heard", (context) => {
    const { hints } = listening(context);
    for (const name of ["begin", "journal", "request", "missed"]) sources[0].tell(name);
    sources[0].tell("case");
    assert.equal(hints(), 4);
    assert.equal(sources[0].address, "/v1/events?accounts=0x1");
});

test("the browser comes back by itself after an answer that ended", (context) => {
    const { wait } = listening(context);
    for (let answer = 0; answer < 3; answer += 1) {
        sources[0].tell("open", OPEN);
        sources[0].tell("error", CONNECTING);
    }
    wait(600_000);
    assert.equal(sources.length, 1);
});

test("a server that is away is asked after growing pauses, up to five minutes", (context) => {
    const { wait } = listening(context);
    sources[0].tell("error", CONNECTING);
    sources[0].tell("error", CONNECTING);
    assert.equal(open(), 0);
    wait(4000);
    assert.equal(sources.length, 2);
    sources[1].tell("error", CLOSED);
    wait(3999);
    assert.equal(sources.length, 2);
    wait(4001);
    assert.equal(sources.length, 3);
    assert.deepEqual([1, 2, 3, 8, 9, 99].map((failures) => pauseAfter(failures, 1)), [2000, 4000, 8000, 256_000, 300_000, 300_000]);
    assert.equal(pauseAfter(1, 0), 1000);
});

test("a server that answers again is asked at once the next time", (context) => {
    const { wait } = listening(context);
    for (let at = 0; at < 5; at += 1) {
        sources[at].tell("error", CLOSED);
        wait(300_000);
    }
    sources[5].tell("open", OPEN);
    sources[5].tell("error", CLOSED);
    wait(2000);
    assert.equal(sources.length, 7);
});

test("a tab that is hidden for a minute listens no more, until it is seen", (context) => {
    const { listener, wait } = listening(context);
    listener.seen(false);
    wait(59_999);
    assert.equal(open(), 1);
    wait(1);
    assert.equal(open(), 0);
    wait(600_000);
    assert.equal(sources.length, 1);
    listener.seen(true);
    assert.equal(open(), 1);
});

test("a tab that is hidden and loses the server stops asking too", (context) => {
    const { listener, wait } = listening(context);
    listener.seen(false);
    wait(59_000);
    sources[0].tell("error", CLOSED);
    wait(1000);
    wait(600_000);
    assert.equal(sources.length, 1);
});

test("a tab that is hidden for a moment keeps its connection", (context) => {
    const { listener, wait } = listening(context);
    listener.seen(false);
    wait(30_000);
    listener.seen(true);
    wait(600_000);
    assert.deepEqual([sources.length, open()], [1, 1]);
});
