// A passkey as a further way to log in (WebAuthn with the extension PRF). Its secret is made by the authenticator for this site alone;
// name and password of the login are derived from it here, so the server sees nothing of the passkey.

const SALT = new TextEncoder().encode("hospital-record login 1");
const NAME_BYTES = 16;
const PASSWORD_BYTES = 32;

export interface DerivedLogin {
    user: string;
    password: string;
}

/** No site has passkeys at an IP address, or in a browser without them. */
export const canHavePasskeys = (): boolean => "PublicKeyCredential" in globalThis && !/^[\d.]+$|^\[/.test(location.hostname);

const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));
const prf = { prf: { eval: { first: SALT } } };
const refused = (message: string) => ({ kind: "Passkey", message, mayHaveHappened: false });

/** Makes a passkey on this device. `name` is what the device shows when it asks which one to use. */
export async function makePasskey(name: string, hospital: string): Promise<DerivedLogin> {
    const made = await asked(() => navigator.credentials.create({
        publicKey: {
            challenge: random(32),
            rp: { name: hospital },
            user: { id: random(32), name, displayName: name },
            // Ed25519, ES256 and RS256. Nobody checks a signature: the secret is what counts.
            pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
            authenticatorSelection: { residentKey: "required", userVerification: "required" },
            extensions: prf,
        },
    }));
    // Some authenticators give the secret only when the passkey is used.
    return (await secretOf(made)) ?? usePasskey([{ type: "public-key", id: made.rawId }]);
}

/** The login of a passkey that the person chooses. */
export async function usePasskey(allowCredentials: PublicKeyCredentialDescriptor[] = []): Promise<DerivedLogin> {
    const used = await asked(() => navigator.credentials.get({
        publicKey: { challenge: random(32), allowCredentials, userVerification: "required", extensions: prf },
    }));
    const login = await secretOf(used);
    if (!login) throw refused("this passkey gives no secret (PRF)");
    return login;
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
    try {
        const credential = await ask();
        if (credential instanceof PublicKeyCredential) return credential;
    } catch (error) {
        throw refused(String(error));
    }
    throw refused("there is no passkey");
}

async function secretOf(credential: PublicKeyCredential): Promise<DerivedLogin | undefined> {
    const first = credential.getClientExtensionResults().prf?.results?.first;
    if (!first) return undefined;
    const key = await crypto.subtle.importKey("raw", first, "HKDF", false, ["deriveBits"]);
    const derived = async (info: string, length: number): Promise<string> => {
        const given = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: new TextEncoder().encode(info) };
        const bytes = new Uint8Array(await crypto.subtle.deriveBits(given, key, length * 8));
        return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    };
    return { user: `passkey-${await derived("user", NAME_BYTES)}`, password: await derived("password", PASSWORD_BYTES) };
}
