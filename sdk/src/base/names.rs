//! Names that people give, and text from others: one spelling, no hidden characters, no two names that look alike.

use hospital_record_core::identity::folder_name;
use unicode_security::skeleton;

use crate::base::error::{Result, fail};

const LONGEST: usize = 200;

/// Whether a character controls a terminal, reverses the reading direction or is invisible. These are controls,
/// Unicode's default-ignorable characters, and format characters except visible ones (Arabic and others).
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether it selects a variant of the character before it, as in emoji, Mongolian and Chinese names.
pub fn is_selector(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether joiners and selectors may follow it. They may not follow ASCII, so no name of plain letters has an invisible
/// twin.
fn is_sign(c: char) -> bool {
    !c.is_ascii() && !is_unseen(c) && !is_blank(c)
}

/// Whether it is white space or the empty Braille pattern.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// Each character, and whether it is visible or needed in Persian, Indic, Mongolian or emoji spelling.
pub fn marked(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut before = None;
    let next = text.chars().skip(1).map(Some).chain([None]);
    text.chars().zip(next).map(move |(c, next)| {
        let joins = |c| matches!(c, '\u{200c}' | '\u{200d}');
        let seen = match c {
            c if !is_unseen(c) => true,
            c if joins(c) => before.is_some_and(|c| is_sign(c) || is_selector(c)) && next.is_some_and(is_sign),
            c => is_selector(c) && before.is_some_and(is_sign),
        };
        before = seen.then_some(c);
        (c, seen)
    })
}

/// The canonical spelling of a name: trimmed, in Unicode form NFC.
pub fn spelled(name: &str) -> String {
    folder_name(name)
}

/// Whether people may confuse two names: their letters are the same or look alike (UTS 39). Case and invisible
/// characters do not count.
pub fn look_alike(one: &str, other: &str) -> bool {
    let shape = |name: &str| {
        let shape: String = skeleton(name).filter(|c| !is_unseen(*c)).collect();
        shape.split(is_blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let small = |name: &str| shape(&spelled(name).to_lowercase());
    shape(one) == shape(other) || small(one) == small(other)
}

/// Checks a name and returns its canonical spelling: one line of limited length without invisible characters.
pub(crate) fn checked(what: &str, name: &str) -> Result<String> {
    let name = spelled(name);
    if name.is_empty() || name.len() > LONGEST {
        return fail!(Invalid, "{what} has 1 to {LONGEST} bytes");
    }
    let hidden = marked(&name).find(|(_, seen)| !seen);
    match hidden {
        None => Ok(name),
        Some((hidden, _)) => fail!(
            Invalid,
            "{what} has an invisible character (U+{:04X}), so it could be confused with another: type it again",
            u32::from(hidden)
        ),
    }
}

/// Parses each item that begins with `scheme:`, and each other line, of a text that mail may have quoted and folded.
/// Each result has its line number.
pub(crate) fn unfolded<T>(text: &str, scheme: &str, parse: impl Fn(&str) -> Result<T>) -> Vec<(usize, Result<T>)> {
    let mut pieces: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_matches(|c: char| is_blank(c) || is_unseen(c) || "<>|\"'".contains(c));
        // Quoted-printable ends a folded line with `=`.
        let line = line.strip_suffix('=').unwrap_or(line);
        let start = line.rfind(&format!("{scheme}:"));
        match (start, pieces.last_mut()) {
            (Some(start), _) => pieces.push((number + 1, vec![&line[start..]])),
            (None, Some((_, parts))) if goes_on && is_rest(line) => parts.push(line),
            (None, _) if !line.is_empty() => pieces.push((number + 1, vec![line])),
            _ => {}
        }
        goes_on = start.is_some() || goes_on && is_rest(line);
    }
    pieces.into_iter().flat_map(|(number, parts)| joined(number, &parts, &parse)).collect()
}

/// Joins as many parts of a folded line as parse. A word below it, such as a signature, stays a line of its own.
fn joined<T>(number: usize, parts: &[&str], parse: &impl Fn(&str) -> Result<T>) -> Vec<(usize, Result<T>)> {
    let whole = parse(&parts.concat());
    let shorter = (1..parts.len()).rev().filter(|_| whole.is_err());
    match shorter.map(|count| (count, parse(&parts[..count].concat()))).find(|(_, parsed)| parsed.is_ok()) {
        None => vec![(number, whole)],
        Some((count, parsed)) => {
            let rest = parts[count..].iter().enumerate();
            let rest = rest.map(|(place, part)| (number + count + place, parse(part)));
            std::iter::once((number, parsed)).chain(rest).collect()
        }
    }
}

/// Whether a line has only characters of a card, a URI or a request.
fn is_rest(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_alphanumeric() || b":%._~-".contains(&b))
}

/// The only item of a text that mail may have quoted and folded.
pub(crate) fn the_one<T: PartialEq>(text: &str, scheme: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
    let mut found: Vec<T> = unfolded(text, scheme, &parse).into_iter().filter_map(|(_, one)| one.ok()).collect();
    found.dedup();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => fail!(Invalid, "the text has several {scheme} items: leave only one"),
        // As one line, the text gives the best error.
        (None, _) => parse(&text.split(is_blank).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn name_is_stored_in_one_spelling_without_hidden_characters() {
        for (typed, kept) in [
            (" Jose\u{301} ", "José"),
            ("Å", "Å"),
            ("\u{212b}", "Å"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👩\u{200d}⚕\u{fe0f}", "👩\u{200d}⚕\u{fe0f}"),
            ("dr-lee", "dr-lee"),
        ] {
            assert_eq!(checked("a name", typed).unwrap(), kept, "{typed:?}");
        }
        for hidden in [
            "dr\u{200d}-lee",
            "dr-lee\u{200b}",
            "\u{feff}dr-lee",
            "dr\u{ad}-lee",
            "dr-lee\u{fe0f}",
            "\u{202e}eel-rd",
            "dr\u{2060}-lee",
            "dr\n-lee",
            "dr-lee\u{e0041}",
            "dr\u{34f}-lee",
            "dr-\u{3164}lee",
            "a\tb",
        ] {
            assert!(checked("a name", hidden).is_err(), "{hidden:?}");
        }
        assert!(checked("a name", " ").is_err() && checked("a name", &"x".repeat(201)).is_err());
    }

    #[test]
    fn names_that_look_alike_are_found() {
        for (one, other) in [
            ("dr-lee", "dr-lее"),
            ("dr-lee", "dr\u{200d}-lee"),
            ("dr-lee", "Dr-Lee"),
            ("dr-lee", "ԁr-lee"),
            ("lab1", "labl"),
            ("room0", "roomO"),
            ("Jose\u{301}", "José"),
            ("martin", "rnartin"),
            ("St Mary", "St\u{a0}Mary"),
            ("St Mary", "St  Mary"),
            ("dr-lee", "dr‐lee"),
            ("dr-lee", "dr\u{fff9}-lee"),
        ] {
            assert!(look_alike(one, other) && look_alike(other, one), "{one:?} {other:?}");
        }
        for (one, other) in [("dr-lee", "dr-kim"), ("lab", "lab-2"), ("Müller", "Muller"), ("山田", "山本"), ("a", "b")]
        {
            assert!(!look_alike(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn folded_and_quoted_mail_is_joined() {
        let parse = |text: &str| match text.len() == 20 && text.starts_with("card:") {
            true => Ok(text.to_owned()),
            false => fail!(Invalid, "{text}"),
        };
        let card = "card:abcdefghij01234";
        let found = |text: &str| the_one(text, "card", parse);
        for text in [
            card.to_owned(),
            format!("\u{feff}{card}\r\n"),
            format!("> {card}"),
            format!(">> {}\n>> {}\n", &card[..9], &card[9..]),
            format!("{}\r\n{}\r\n{}\r\n", &card[..7], &card[7..12], &card[12..]),
            format!("{}=\n{}\n", &card[..11], &card[11..]),
            format!("Hello,\nmy card: {}\n{}\n\nLee", &card[..11], &card[11..]),
            format!("{}\n{}\nLee", &card[..11], &card[11..]),
            format!("<{card}>"),
            format!("\"{card}\""),
            format!("{} \n {}", &card[..11], &card[11..]),
            format!("{card}\n{card}"),
        ] {
            assert_eq!(found(&text).unwrap(), card, "{text:?}");
        }
        for text in ["", "Hello", &card[..12], &format!("{card}\n{}", card.replace("abc", "xyz"))] {
            assert!(found(text).is_err(), "{text:?}");
        }
        let lines: Vec<_> = unfolded(&format!("{card}\nrubbish\n\n{card}"), "card", parse);
        assert_eq!(
            lines.iter().map(|(line, one)| (*line, one.is_ok())).collect::<Vec<_>>(),
            [(1, true), (2, false), (4, true)]
        );
    }
}
