/** The files of an archive that does not compress. */
export function unzipped(archive) {
    const files = new Map();
    const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    let at = archive.readUInt32LE(end + 16);
    for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
        const [size, nameLength, extra, comment, start] = [20, 28, 30, 32, 42].map((place) => (place === 20 || place === 42 ? archive.readUInt32LE(at + place) : archive.readUInt16LE(at + place)));
        const name = archive.subarray(at + 46, at + 46 + nameLength).toString("utf8");
        const content = start + 30 + archive.readUInt16LE(start + 26) + archive.readUInt16LE(start + 28);
        files.set(name, archive.subarray(content, content + size));
        at += 46 + nameLength + extra + comment;
    }
    return files;
}
