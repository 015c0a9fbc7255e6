// Everything that a person can do in the portal, each with what the other side sees.
// Each part can be told alone, such as `story.mjs acts/shares`.
import { story as codes } from "./acts/codes.mjs";
import { story as faults } from "./acts/faults.mjs";
import { story as logins } from "./acts/logins.mjs";
import { story as passkey } from "./acts/passkey.mjs";
import { story as records } from "./acts/records.mjs";
import { story as shares } from "./acts/shares.mjs";
import { story as ward } from "./acts/ward.mjs";
import { story as ways } from "./acts/ways.mjs";

export async function story(hospital, browser) {
    for (const part of [records, shares, ward, logins, passkey, ways, codes, faults]) {
        await part(hospital, browser);
        for (const context of browser.contexts()) await context.close();
    }
}
