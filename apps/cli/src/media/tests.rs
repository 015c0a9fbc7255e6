use super::*;

/// The kind of a file that comes in pieces of this size.
fn in_pieces(bytes: &[u8], name: &str, size: usize) -> String {
    let mut detector = Detector::new([name, ""]);
    bytes.chunks(size).for_each(|piece| detector.see(piece));
    detector.media_type()
}

fn dicom(preamble: &[u8]) -> Vec<u8> {
    let mut file = preamble.to_vec();
    file.resize(128, 0);
    file.extend(b"DICM\x02\0\0\0UL\x04\0");
    file
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect()
}

fn bitmap() -> Vec<u8> {
    [&b"BM"[..], &[70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0], &[0; 52]].concat()
}

fn tar() -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_size(5);
    builder.append_data(&mut header, "a.txt", &b"hello"[..]).unwrap();
    builder.into_inner().unwrap()
}

/// A bundle whose type stands behind its entries, as a program writes it that sorts its keys.
fn sorted_bundle() -> String {
    let entry = r#"{"resource":{"id":"x","resourceType":"Observation","valueString":"\"}]"}}"#;
    format!(
        "{{\n\"entry\": [{}],\n\"resourceType\": \"Bundle\",\n\"type\": \"collection\"}}",
        vec![entry; 5000].join(",")
    )
}

fn texts() -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        // FHIR in JSON, with its keys in any order.
        ("{\n \"resourceType\" : \"Bundle\" ,\"a\":[]}", "lab.json", FHIR_JSON),
        ("{\"id\":\"1\",\"resourceType\":\"Patient\"}", "-", FHIR_JSON),
        ("\u{feff}{\"id\":\"1\",\"resourceType\":\"Patient\"}", "x", FHIR_JSON),
        ("{\"a\":{\"b\":[1,{}]},\"resourceType\":\"Patient\"}", "p.txt", FHIR_JSON),
        ("{\"resourceType\":\"Patient\"}\n{\"id\":\"2\",\"resourceType\":\"Patient\"}\n", "x.ndjson", FHIR_LINES),
        ("{\"resourceType\":\"Patient\"}\r\n{\"resourceType\":\"Patient\"}", "x", FHIR_LINES),
        ("{\"resourceType\":\"Patient\"}\n", "x.ndjson", FHIR_LINES),
        ("{\n\"resourceType\":\"Patient\"}\n", "x.ndjson", FHIR_JSON),
        // Other JSON.
        ("{\"a\":1}", "x.json", JSON),
        ("{\"a\":1}", "x", JSON),
        ("[1, -2.5e3, true, null, \"x\"]", "x", JSON),
        ("[{\"resourceType\":\"Patient\"}]", "x.json", JSON),
        ("{\"note\":\"\\\"resourceType\\\": \\\"X\\\"\"}", "x.json", JSON),
        ("{\"a\":{\"resourceType\":\"Patient\"}}", "x.json", JSON),
        ("{\"resourceType\":7}", "x.json", JSON),
        ("{\"resourceType\":{\"a\":\"Patient\"}}", "x.json", JSON),
        ("{\"resourceType\":\"Microsoft.Web/sites\"}", "x.json", JSON),
        ("{\"resourceType\":\"patient\"}", "x.json", JSON),
        ("{\"a\":1}", "data.fhir", JSON),
        ("{\"a\":1}\n{\"a\":2}\n", "x", LINES),
        ("{\"resourceType\":\"Patient\"}\n{\"a\":2}\n", "x.ndjson", LINES),
        ("{\"a\":1}", "notes.md", "text/markdown"),
        // What looks like JSON at first.
        ("{\"resourceType\":\"Patient\"", "x", PLAIN),
        ("{\"resourceType\":\"Patient\"", "x.fhir", PLAIN),
        ("{\"resourceType\":\"Patient\"} and a letter", "x", PLAIN),
        ("{\"a\":1} {\"a\":2}", "x", PLAIN),
        ("{name} is well", "x", PLAIN),
        ("[sic] he said", "letter.txt", PLAIN),
        ("{'a':1}", "x", PLAIN),
        ("[1,]", "x", PLAIN),
        ("[01x]", "x", PLAIN),
        // XML, by its root.
        ("<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"1\"/></Patient>", "p.xml", "application/fhir+xml"),
        ("<?xml version='1.0'?>\n<!-- x -->\n<Bundle xmlns='http://hl7.org/fhir'>", "x", "application/fhir+xml"),
        ("<f:Patient xmlns:x=\"urn:x\" xmlns:f = \"http://hl7.org/fhir\"/>", "x", "application/fhir+xml"),
        ("<list xmlns:f=\"http://hl7.org/fhir\"><f:Patient/></list>", "p.xml", XML),
        ("<a href=\"http://hl7.org/fhir\">", "x", HTML),
        ("<?xml version=\"1.0\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>", "cda.xml", XML),
        ("<?xml version=\"1.0\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>", "cda.hl7", XML),
        ("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "x", SVG),
        ("<?xml version=\"1.0\"?>\n<!DOCTYPE svg [<!ENTITY a \"b\">]>\n<svg/>", "x.svg", SVG),
        ("not a drawing", "x.svg", PLAIN),
        // HTML.
        ("<!DOCTYPE html><html><body><a href=\"http://hl7.org/fhir\">FHIR</a></body></html>", "letter.html", HTML),
        ("<html><head><link href=\"http://hl7.org/fhir\"></head></html>", "letter", HTML),
        ("<HTML>\n<BODY>", "x.xml", HTML),
        ("<p>Dear colleague, see <a href=\"http://hl7.org/fhir\">", "letter", HTML),
        ("<p>Dear colleague", "letter.html", HTML),
        ("<5 mg/l is normal", "x", PLAIN),
        ("<5 mg/l is normal", "values.txt", PLAIN),
        // Text whose first letters are somebody's signature.
        ("BMI,date\n22.5,2026-01-01\n", "values.csv", "text/csv"),
        ("BMI,date\n22.5,2026-01-01\n", "values", PLAIN),
        ("MZ,twin\n", "x", PLAIN),
        ("PK is a kinase", "x", PLAIN),
        ("GIF is not an image here", "x", PLAIN),
        ("ID3 and ID4", "x", PLAIN),
        ("II*\tis a chord", "x", PLAIN),
        ("Rar! he cried", "x", PLAIN),
        ("a,b\n1,2\n", "values.CSV", "text/csv"),
        ("a\tb\n", "x.tsv", "text/tab-separated-values"),
        ("hello", "README", PLAIN),
        ("Grüße 🫀", "x", PLAIN),
        ("hello", "scan.dcm", PLAIN),
        (" \n", "x", PLAIN),
        // Text with a mark of its own.
        ("MSH|^~\\&|LAB|\rPID|1\r", "x", HL7),
        ("\u{b}MSH|^~\\&|LAB|\rPID|1\r\u{1c}\r", "x", HL7),
        ("BEGIN:VCARD\r\n", "x", "text/vcard"),
        ("BEGIN:VCALENDAR\r\n", "x.txt", "text/calendar"),
        ("{\\rtf1\\ansi hello}", "x", "application/rtf"),
        ("%PDF-1.7\n", "x.txt", "application/pdf"),
        ("#!/bin/sh\n", "x", "text/x-shellscript"),
    ]
}

fn binaries() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    vec![
        (dicom(b""), "IM000001", DICOM),
        (dicom(b"II*\0\x08\0\0\0\x01\0"), "x", DICOM),
        (dicom(b"MM\0*\0\0\0\x08"), "x.tif", DICOM),
        (dicom(b"BM"), "x.bmp", DICOM),
        (dicom(&[b' '; 128]), "x.txt", DICOM),
        ([vec![b'x'; 128], b"DICM in the middle of a letter".to_vec()].concat(), "x", PLAIN),
        (b"\x08\0\x05\0CS".to_vec(), "old.dcm", DICOM),
        (b"II*\0\x08\0\0\0\x01\0\0\x01".to_vec(), "x", "image/tiff"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec(), "x.dcm", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "x.csv", "image/png"),
        (bitmap(), "x", "image/bmp"),
        (b"BM\0\x01 something else entirely".to_vec(), "x", UNKNOWN),
        (b"PK\x03\x04\x14\0\0\0".to_vec(), "x", "application/zip"),
        (b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "x", "application/gzip"),
        (tar(), "x", "application/x-tar"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n\0".to_vec(), "x", "application/pdf"),
        ([&b"0       "[..], &[b' '; 248], b"\0\xff\x01\0"].concat(), "ecg.edf", "application/edf"),
        (b"\0\x01".to_vec(), "x", UNKNOWN),
        (b"\0\x01".to_vec(), "x.csv", UNKNOWN),
        (b"\x1b[2J".to_vec(), "x", UNKNOWN),
        (b"text, then\0".to_vec(), "x.txt", UNKNOWN),
        (b"BMI;Gr\xf6\xdfe\n".to_vec(), "alt.csv", "text/csv"),
        (b"Gr\xfc\xdfe".to_vec(), "x", UNKNOWN),
        (utf16("BMI,date\n", false), "x.csv", "text/csv"),
        (utf16("Grüße 🫀", true), "x", PLAIN),
        (utf16("<Patient xmlns=\"http://hl7.org/fhir\"/>", false), "x", "application/fhir+xml"),
        (utf16("{\"id\":\"🫀\",\"resourceType\":\"Patient\"}", true), "x", FHIR_JSON),
        (Vec::new(), "x", UNKNOWN),
        (Vec::new(), "empty.txt", PLAIN),
        (sorted_bundle().into_bytes(), "export.json", FHIR_JSON),
        ((sorted_bundle() + "\0").into_bytes(), "export.json", UNKNOWN),
    ]
}

#[test]
fn kind_of_a_file_is_found_wherever_it_is_cut() {
    let texts = texts().into_iter().map(|(text, name, kind)| (text.as_bytes().to_vec(), name, kind));
    for (bytes, name, kind) in texts.chain(binaries()) {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        for size in [1, 2, 3, 7, 64 * 1024, usize::MAX] {
            assert_eq!(in_pieces(&bytes, name, size), kind, "{name}, {size} at a time: {shown:?}");
        }
    }
}

#[test]
fn recorded_name_counts_before_the_name_of_the_file() {
    for (names, kind) in [(["a.csv", "b.md"], "text/csv"), (["report", "b.md"], "text/markdown"), (["", ""], PLAIN)] {
        let mut detector = Detector::new(names);
        detector.see(b"x");
        assert_eq!(detector.media_type(), kind);
    }
}
