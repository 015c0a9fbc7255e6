//! Detects the media type: by DICOM's mark, then strong signatures, then the structure of text, then the name.
//!
//! All bytes are checked as they pass, because a resource may name its type at its end.

mod json;
mod markup;
mod text;

use hospital_record::record::DetectMediaType;

use self::text::{Encoding, Text};

/// As much of the beginning as signatures need.
const HEAD: usize = 64 * 1024;

const UNKNOWN: &str = "application/octet-stream";
const DICOM: &str = "application/dicom";
const PLAIN: &str = "text/plain";
const FHIR_JSON: &str = "application/fhir+json";
const FHIR_LINES: &str = "application/fhir+ndjson";
const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const HL7: &str = "x-application/hl7-v2+er7";
const HTML: &str = "text/html";
const SVG: &str = "image/svg+xml";
const XML: &str = "text/xml";

/// Kinds without a signature, by extension.
const EXTENSIONS: [(&str, &str); 18] = [
    ("csv", "text/csv"),
    ("dcm", DICOM),
    ("edf", "application/edf"),
    ("fhir", FHIR_JSON),
    ("hl7", HL7),
    ("htm", HTML),
    ("html", HTML),
    ("ics", "text/calendar"),
    ("json", JSON),
    ("log", PLAIN),
    ("md", "text/markdown"),
    ("ndjson", LINES),
    ("rtf", "application/rtf"),
    ("svg", SVG),
    ("tsv", "text/tab-separated-values"),
    ("txt", PLAIN),
    ("vcf", "text/vcard"),
    ("xml", XML),
];

/// Signatures of formats that may hold nothing but text.
const OPENINGS: [(&str, &str); 11] = [
    ("%PDF-", "application/pdf"),
    ("{\\rtf", "application/rtf"),
    ("%!PS-Adobe-", "application/postscript"),
    ("MSH|", HL7),
    ("\u{b}MSH|", HL7),
    ("FHS|^~\\&|", HL7),
    ("BHS|^~\\&|", HL7),
    ("BEGIN:VCARD", "text/vcard"),
    ("BEGIN:VCALENDAR", "text/calendar"),
    ("#!/", "text/x-shellscript"),
    ("#! /", "text/x-shellscript"),
];

/// Looks at a file as it is read.
pub(crate) struct Detector {
    by_name: Option<&'static str>,
    head: Vec<u8>,
    text: Text,
}

impl Detector {
    /// `names`: the most reliable one first.
    pub(crate) fn new(names: [&str; 2]) -> Self {
        Self { by_name: names.into_iter().find_map(by_extension), head: Vec::new(), text: Text::default() }
    }

    fn kind(&mut self) -> &'static str {
        self.text.end();
        if self.head.is_empty() {
            return self.by_name.unwrap_or(UNKNOWN);
        }
        match self.text.encoding() {
            None => self.binary(),
            Some(encoding) => self.textual(encoding),
        }
    }

    fn binary(&self) -> &'static str {
        if self.head.get(128..132) == Some(b"DICM") {
            return DICOM;
        }
        let opening = self.opening();
        let named = self.by_name.filter(|kind| !is_text(kind));
        opening.or_else(|| signature(&self.head)).or(named).unwrap_or(UNKNOWN)
    }

    /// A file that is text throughout has no mark at byte 128 and no signature of two letters.
    fn textual(&self, encoding: Encoding) -> &'static str {
        if let Some(kind) = self.opening() {
            return kind;
        }
        // Bytes of an older encoding: an image that is cut short may look so.
        if encoding == Encoding::EightBit {
            let strong = signature(&self.head).filter(|_| !self.head[0].is_ascii());
            return strong.or(self.by_name.filter(|kind| is_text(kind))).unwrap_or(UNKNOWN);
        }
        let named = self.by_name.filter(|kind| is_text(kind));
        match self.text.structure(named) {
            Some(generic @ (JSON | LINES | XML)) => named.filter(|kind| is_prose(kind)).unwrap_or(generic),
            Some(kind) => kind,
            // A name does not stand for a structure that the text lacks.
            None => named.filter(|kind| !matches!(*kind, FHIR_JSON | SVG)).unwrap_or(PLAIN),
        }
    }

    fn opening(&self) -> Option<&'static str> {
        let head = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.head);
        OPENINGS.iter().find(|(mark, _)| head.starts_with(mark.as_bytes())).map(|(_, kind)| *kind)
    }
}

impl DetectMediaType for Detector {
    fn see(&mut self, bytes: &[u8]) {
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.text.see(bytes);
    }

    fn media_type(&mut self) -> String {
        self.kind().to_owned()
    }
}

fn by_extension(name: &str) -> Option<&'static str> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind)
}

fn is_text(kind: &str) -> bool {
    !matches!(kind, DICOM | "application/edf" | "application/rtf")
}

/// Kinds of text that may hold any text: also text that happens to be JSON.
fn is_prose(kind: &str) -> bool {
    matches!(kind, PLAIN | HTML | "text/markdown" | "text/csv" | "text/tab-separated-values")
}

/// Text has been ruled out, or begins with a byte that no text begins with.
fn signature(head: &[u8]) -> Option<&'static str> {
    let kind = infer::get(head)?.mime_type();
    let weak = kind.starts_with("text/") || (kind == "image/bmp" && !is_bitmap(head));
    (!weak).then_some(kind)
}

/// Two letters, four reserved zeros, and a header of a known length.
fn is_bitmap(head: &[u8]) -> bool {
    let header = head.get(14..18).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
    head.get(6..10) == Some(&[0; 4]) && matches!(header, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

#[cfg(test)]
mod tests;
