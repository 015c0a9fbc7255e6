// Which page an address shows. Rooms are loaded when somebody enters them.
import type { Component } from "svelte";
import { en, type Texts } from "./lib/text/en";

type Given = Record<string, string | boolean>;

export interface Shown {
    title: (texts: Texts) => string;
    // Each page takes what `given` has for it.
    load: () => Promise<{ default: Component<any> }>;
    given: Given;
}

const shown = (title: Shown["title"], load: Shown["load"], given: Given = {}): Shown => ({ title, load, given });

export function pageOf(path: string[], entered: boolean, isOffice: boolean): Shown {
    const [room = "", page = "", what = ""] = path;
    if (room === "office") return (isOffice ? office(page, what) : undefined) ?? shown((t) => t.office.enter, () => import("./rooms/office/Enter.svelte"));
    if (room === "patient" || room === "doctor") {
        if (!entered) return before("login", "");
        return (room === "patient" ? patient(page, what) : doctor(page, what)) ?? missing();
    }
    return before(room, page) ?? missing();
}

const missing = (): Shown => shown((t) => t.notFound.title, () => import("./rooms/before/Missing.svelte"));

const BEFORE: Record<string, (page: string) => Shown> = {
    "": () => shown((t) => t.home.title, () => import("./rooms/before/Home.svelte")),
    login: () => shown((t) => t.login.title, () => import("./rooms/before/Login.svelte")),
    restore: () => shown((t) => t.restore.title, () => import("./rooms/before/Restore.svelte")),
    taken: () => shown((t) => t.taken.title, () => import("./rooms/before/Taken.svelte")),
    goodbye: (page) => shown((t) => t.goodbye.title, () => import("./rooms/before/Goodbye.svelte"), { why: page }),
    register: (page) => {
        const isDoctor = page === "doctor";
        const isOffice = page === "office";
        const title: Shown["title"] = (t) => (isDoctor ? t.register.doctor : isOffice ? t.office.enterNew : t.register.patient);
        return shown(title, () => import("./rooms/before/Register.svelte"), { isDoctor, isOffice });
    },
};

function before(room: string, page: string): Shown {
    return BEFORE[room]?.(page) ?? missing();
}

function patient(page: string, what: string): Shown | undefined {
    switch (page) {
        case "":
        case "records":
            return shown((t) => t.records.title, () => import("./rooms/patient/Records.svelte"));
        case "record":
            return shown((t) => t.records.title, () => import("./rooms/patient/Record.svelte"), { record: what });
        case "shares":
            return shown((t) => t.shares.title, () => import("./rooms/patient/Shares.svelte"));
        case "share":
            return shown((t) => t.share.title, () => import("./rooms/patient/Share.svelte"), { record: what });
        case "looked":
            return shown((t) => t.looked.title, () => import("./rooms/patient/Looked.svelte"));
        case "requests":
            return shown((t) => t.requests.title, () => import("./rooms/patient/Requests.svelte"));
        case "settings":
            return shown((t) => t.settings.title, () => import("./rooms/patient/Settings.svelte"));
        case "boards":
            return shown((t) => t.boards.title, () => import("./rooms/boards/Own.svelte"));
        case "board-new":
            return shown((t) => t.boards.newTitle, () => import("./rooms/boards/NewBoard.svelte"));
        case "helping":
            return boards("emergencies", what);
        default:
            return boards(page, what);
    }
}

function doctor(page: string, what: string): Shown | undefined {
    switch (page) {
        case "":
        case "patients":
            return shown((t) => t.patients.title, () => import("./rooms/doctor/Patients.svelte"));
        case "patient":
            return shown((t) => t.patients.title, () => import("./rooms/doctor/Patient.svelte"), { patient: what });
        case "record":
            return shown((t) => t.records.title, () => import("./rooms/patient/Record.svelte"), { record: what, asDoctor: true });
        case "ask":
            return shown((t) => t.ask.title, () => import("./rooms/doctor/Ask.svelte"));
        case "listing":
            return shown((t) => t.listing.title, () => import("./rooms/doctor/Listing.svelte"));
        case "settings":
            return shown((t) => t.settings.title, () => import("./rooms/patient/Settings.svelte"));
        default:
            return boards(page, what);
    }
}

/** Pages for those who may let somebody in, whatever room they are in. */
function boards(page: string, what: string): Shown | undefined {
    switch (page) {
        case "emergencies":
            return shown((t) => t.boards.member, () => import("./rooms/boards/Member.svelte"));
        case "board":
            return shown((t) => t.boards.member, () => import("./rooms/boards/MemberBoard.svelte"), { board: what });
        case "emergency":
            return shown((t) => t.emergency.openTitle, () => import("./rooms/boards/OpenCase.svelte"));
        default:
            return undefined;
    }
}

function office(page: string, what: string): Shown | undefined {
    switch (page) {
        case "":
        case "doctors":
            return shown((t) => t.office.doctors, () => import("./rooms/office/Doctors.svelte"));
        case "confirm":
            return shown((t) => t.office.add, () => import("./rooms/office/Confirm.svelte"));
        case "did":
            return shown((t) => t.office.did, () => import("./rooms/office/Did.svelte"));
        case "server":
            return shown((t) => t.office.server, () => import("./rooms/office/Server.svelte"));
        case "settings":
            return shown((t) => t.settings.title, () => import("./rooms/patient/Settings.svelte"));
        default:
            return boards(page, what);
    }
}

/** A browser asks only once for a part of a page: one that it did not get then is missing until the page is loaded anew. */
export function loadRooms(): void {
    const rooms = [
        ...[...Object.keys(en.patient), "record", "share"].map((page) => patient(page, "")),
        ...[...Object.keys(en.doctor), "record", "patient"].map((page) => doctor(page, "")),
        ...[...Object.keys(en.office.pages), "confirm"].map((page) => office(page, "")),
        ...[...Object.keys(en.boards.patientPages), ...Object.keys(en.boards.doctorPages)].map((page) => boards(page, "")),
    ];
    for (const room of rooms) room?.load().catch(() => undefined);
}
