// A passkey of a device, made and used by an authenticator that the browser simulates.
import assert from "node:assert/strict";
import { newTab } from "../../browser.mjs";
import { newPatient } from "../people.mjs";
import { step } from "../register.mjs";

async function authenticator(context, page) {
    const session = await context.newCDPSession(page);
    await session.send("WebAuthn.enable");
    const options = {
        protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasPrf: true,
        hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
    };
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", { options });
    return { session, authenticatorId };
}

export async function story(hospital, browser) {
    // No site has passkeys at an IP address.
    const portal = hospital.portal.replace("127.0.0.1", "localhost");
    const { context, page, look, go } = await newPatient({ ...hospital, portal }, browser, "pia");

    step("a patient adds a passkey");
    const { session, authenticatorId } = await authenticator(context, page);
    await go("patient/settings");
    await page.getByText("You have one way to log in").waitFor();
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText("You can log in with this passkey").waitFor();
    await page.getByText("You have 2 ways to log in").waitFor();
    await look("passkey-added");
    const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
    assert.equal(credentials.length, 1);

    step("the passkey logs in");
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await page.getByText("You are logged out").first().waitFor();
    await go("login");
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await page.getByText("You have no records yet").waitFor();
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await page.getByText("You are logged out").first().waitFor();

    step("a device without it is told so");
    await session.send("WebAuthn.clearCredentials", { authenticatorId });
    await go("login");
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await page.getByText("No passkey was used").waitFor();
    await look("passkey-none");

    step("at an IP address there is no button that could not work");
    const plain = await newTab(context, hospital.portal, "pia-plain");
    await plain.go("login");
    await plain.page.getByRole("button", { name: "Log in" }).waitFor();
    assert.equal(await plain.page.getByRole("button", { name: "Use a passkey" }).count(), 0);
}
