/** DICOM's names of character sets, of which the first one of a file counts here. */
const CHARACTERS: Record<string, string> = {
    "ISO_IR 192": "utf-8", GB18030: "gb18030", GBK: "gbk", "ISO_IR 13": "shift_jis", "ISO_IR 166": "windows-874",
    "ISO_IR 101": "iso-8859-2", "ISO_IR 109": "iso-8859-3", "ISO_IR 110": "iso-8859-4", "ISO_IR 144": "iso-8859-5",
    "ISO_IR 127": "iso-8859-6", "ISO_IR 126": "iso-8859-7", "ISO_IR 138": "iso-8859-8", "ISO_IR 148": "windows-1254",
    "ISO 2022 IR 87": "iso-2022-jp", "ISO 2022 IR 149": "euc-kr", "ISO 2022 IR 58": "gbk",
};

export function decoderOf(characterSet = ""): TextDecoder {
    const names = characterSet.split("\\").map((name) => name.trim()).filter(Boolean);
    const known = names.map((name) => CHARACTERS[name]).find(Boolean);
    return new TextDecoder(known ?? "windows-1252");
}
