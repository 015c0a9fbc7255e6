// The portal's own modules, for Node: what Vite builds with makes one file of a module and all that it imports.
import { join } from "node:path";
import { rolldown } from "rolldown";

export async function imported(path) {
    const bundle = await rolldown({ input: join(import.meta.dirname, "..", path), logLevel: "silent" });
    const { output } = await bundle.generate({ format: "esm" });
    await bundle.close();
    return import(`data:text/javascript;base64,${Buffer.from(output[0].code).toString("base64")}`);
}
