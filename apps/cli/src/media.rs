//! What kind of file it is, from its first bytes and its name.

/// As much of the beginning as detection looks at.
pub(crate) const HEAD: usize = 64 * 1024;

const UNKNOWN: &str = "application/octet-stream";

/// Kinds without a signature, by extension.
const EXTENSIONS: [(&str, &str); 16] = [
    ("csv", "text/csv"),
    ("dcm", "application/dicom"),
    ("edf", "application/edf"),
    ("fhir", "application/fhir+json"),
    ("hl7", "x-application/hl7-v2+er7"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("ndjson", "application/x-ndjson"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tsv", "text/tab-separated-values"),
    ("txt", "text/plain"),
    ("xml", "text/xml"),
];

/// The media type of a file that starts with `head`.
pub(crate) fn detect(head: &[u8], name: &str) -> &'static str {
    fhir(head)
        .or_else(|| infer::get(head).map(|kind| kind.mime_type()))
        .or_else(|| by_extension(name))
        .unwrap_or_else(|| if is_text(head) { "text/plain" } else { UNKNOWN })
}

/// FHIR resources look like any JSON or XML until one looks for their mark.
fn fhir(head: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') && names_resource(text) {
        return Some(if is_ndjson(text) { "application/fhir+ndjson" } else { "application/fhir+json" });
    }
    (text.starts_with('<') && text.contains("\"http://hl7.org/fhir\"")).then_some("application/fhir+xml")
}

/// `"resourceType": "Patient"`: a key of the outermost object, whose value starts with a capital.
fn names_resource(json: &str) -> bool {
    json.match_indices("\"resourceType\"").any(|(at, key)| {
        let value = json[at + key.len()..].trim_start().strip_prefix(':').map(str::trim_start);
        let named = value.and_then(|value| value.strip_prefix('"'));
        depth(&json[..at]) == 1 && named.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
    })
}

/// How many braces and brackets are open at the end of `json`.
fn depth(json: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for c in json.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth
}

/// One complete resource a line (FHIR bulk data), not one that is spread over lines.
fn is_ndjson(text: &str) -> bool {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().trim_end();
    first.ends_with('}') && depth(first) == 0 && lines.next().is_some_and(|second| second.starts_with('{'))
}

fn by_extension(name: &str) -> Option<&'static str> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, media_type)| *media_type)
}

/// UTF-8 without control characters; the head may end within a character.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !"\n\r\t\u{c}".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dicom() -> Vec<u8> {
        [vec![0; 128], b"DICM\x02\0\0\0UL\x04\0".to_vec()].concat()
    }

    #[test]
    fn medical_files_are_known() {
        assert_eq!(detect(&dicom(), "IM000001"), "application/dicom");
        assert_eq!(detect(b" {\n \"resourceType\" : \"Bundle\" ,", "lab.json"), "application/fhir+json");
        assert_eq!(detect(b"\xef\xbb\xbf{\"id\":\"1\",\"resourceType\":\"Patient\"}", "-"), "application/fhir+json");
        assert_eq!(
            detect(b"{\"resourceType\":\"Patient\"}\n{\"resourceType\":\"Patient\"}\n", "x.ndjson"),
            "application/fhir+ndjson"
        );
        assert_eq!(detect(b"<Patient xmlns=\"http://hl7.org/fhir\">", "p.xml"), "application/fhir+xml");
        assert_eq!(detect(b"%PDF-1.7\n", "x"), "application/pdf");
    }

    #[test]
    fn other_json_is_not_fhir() {
        assert_eq!(detect(b"{\"a\":1}", "x.json"), "application/json");
        assert_eq!(detect(b"{\"note\":\"\\\"resourceType\\\": \\\"X\\\"\"}", "x.json"), "application/json");
        assert_eq!(detect(b"{\"a\":{\"resourceType\":\"Patient\"}}", "x.json"), "application/json");
        assert_eq!(detect(b"{\"resourceType\":7}", "x.json"), "application/json");
    }

    #[test]
    fn the_rest_goes_by_name_then_by_content() {
        assert_eq!(detect(b"a,b\n1,2\n", "values.CSV"), "text/csv");
        assert_eq!(detect(b"hello", "README"), "text/plain");
        assert_eq!(detect("Grüße".as_bytes().split_at(3).0, "x"), "text/plain", "cut within a character");
        assert_eq!(detect(b"\0\x01", "x"), UNKNOWN);
        assert_eq!(detect(b"\x1b[2J", "x"), UNKNOWN);
        assert_eq!(detect(b"", "x"), UNKNOWN);
        assert_eq!(detect(b"", "empty.txt"), "text/plain");
    }
}
