//! Whether all of a file is text, in which encoding, and of which structure.

use super::{json::Json, markup::Markup};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    /// Neither, and without control characters: an older encoding.
    EightBit,
}

#[derive(Clone, Copy, PartialEq)]
enum Units {
    Unknown,
    Bytes,
    Little,
    Big,
}

/// Text as it comes, in pieces that may end anywhere.
pub(super) struct Text {
    units: Units,
    /// Bytes of a character that is not complete yet.
    carry: Vec<u8>,
    /// No character so far that only a binary file has.
    clean: bool,
    /// Every byte so far belongs to a character.
    decodes: bool,
    structure: Structure,
}

enum Structure {
    Unknown,
    Plain,
    Json(Json),
    Markup(Markup),
}

impl Default for Text {
    fn default() -> Self {
        let (units, structure) = (Units::Unknown, Structure::Unknown);
        Self { units, carry: Vec::new(), clean: true, decodes: true, structure }
    }
}

impl Text {
    pub(super) fn see(&mut self, bytes: &[u8]) {
        if !self.clean {
            return;
        }
        self.carry.extend_from_slice(bytes);
        if self.units == Units::Unknown {
            if self.carry.len() < 3 {
                return;
            }
            self.find_units();
        }
        self.decode();
    }

    /// No more bytes will come.
    pub(super) fn end(&mut self) {
        if self.units == Units::Unknown {
            self.find_units();
            self.decode();
        }
        self.decodes &= self.carry.is_empty();
    }

    /// `None` if it is not text.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        match (self.clean, self.decodes, self.units) {
            (false, ..) => None,
            (_, true, Units::Little | Units::Big) => Some(Encoding::Utf16),
            (_, false, Units::Little | Units::Big) => None,
            (_, true, _) => Some(Encoding::Utf8),
            (_, false, _) => Some(Encoding::EightBit),
        }
    }

    /// `named` is the kind that its name gives.
    pub(super) fn structure(&self, named: Option<&'static str>) -> Option<&'static str> {
        match &self.structure {
            Structure::Unknown | Structure::Plain => None,
            Structure::Json(json) => json.kind(named == Some(super::LINES)),
            Structure::Markup(markup) => markup.kind(),
        }
    }

    /// By the byte order mark.
    fn find_units(&mut self) {
        let (units, mark) = match self.carry.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Units::Bytes, 3),
            [0xff, 0xfe, ..] => (Units::Little, 2),
            [0xfe, 0xff, ..] => (Units::Big, 2),
            _ => (Units::Bytes, 0),
        };
        self.units = units;
        self.carry.drain(..mark);
    }

    fn decode(&mut self) {
        let bytes = std::mem::take(&mut self.carry);
        match self.units {
            Units::Little => self.decode_pairs(&bytes, u16::from_le_bytes),
            Units::Big => self.decode_pairs(&bytes, u16::from_be_bytes),
            Units::Bytes | Units::Unknown => self.decode_bytes(&bytes),
        }
    }

    fn decode_bytes(&mut self, mut bytes: &[u8]) {
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => return self.feed(text),
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    self.feed(std::str::from_utf8(valid).unwrap_or_default());
                    let Some(length) = error.error_len() else {
                        self.carry = rest.to_vec();
                        return;
                    };
                    self.decodes = false;
                    bytes = &rest[length..];
                }
            }
        }
    }

    fn decode_pairs(&mut self, bytes: &[u8], unit: fn([u8; 2]) -> u16) {
        let (pairs, odd) = bytes.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        let mut kept = odd.to_vec();
        if let (Some(0xd800..=0xdbff), Some(last)) = (units.last(), pairs.last()) {
            kept.splice(0..0, *last);
            units.pop();
        }
        match String::from_utf16(&units) {
            Ok(text) => self.feed(&text),
            Err(_) => self.decodes = false,
        }
        self.carry = kept;
    }

    fn feed(&mut self, text: &str) {
        self.clean &= !text.chars().any(|c| c.is_control() && !"\n\r\t\u{c}".contains(c));
        if !self.clean {
            self.structure = Structure::Plain;
            return;
        }
        if let Structure::Unknown = self.structure {
            self.structure = match text.trim_start().chars().next() {
                None => return,
                Some('{' | '[') => Structure::Json(Json::default()),
                Some('<') => Structure::Markup(Markup::default()),
                Some(_) => Structure::Plain,
            };
        }
        match &mut self.structure {
            Structure::Json(json) => text.chars().for_each(|c| json.push(c)),
            Structure::Markup(markup) => markup.push(text),
            Structure::Unknown | Structure::Plain => {}
        }
    }
}
