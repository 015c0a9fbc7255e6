//! Names that people give, and text that others wrote: one spelling, nothing hidden, and no two that look alike.

use hospital_record_core::identity::folder_name;
use unicode_security::skeleton;

use crate::base::error::{Error, Result};

const LONGEST: usize = 200;

/// Whether a character steers a terminal, reverses the reading direction or is not seen at all: controls, what Unicode
/// calls default-ignorable, and formats but those that are signs of their own (Arabic and others).
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether it chooses a form of the sign before it, as in emoji, Mongolian and Chinese names.
pub fn is_selector(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// What joiners and selectors belong to. ASCII needs none, so that no name of plain letters has an invisible twin.
fn is_sign(c: char) -> bool {
    !c.is_ascii() && !is_unseen(c) && !is_blank(c)
}

/// White space, and the Braille sign without a dot.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// Each character, and whether it is seen, or does what Persian, Indic, Mongolian or emoji spelling needs it for.
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

/// The one spelling of a name: no white space around it, Unicode form NFC.
pub fn spelled(name: &str) -> String {
    folder_name(name)
}

/// Whether two names are taken for each other: the same letters, or such as look alike (UTS 39), in capitals or not,
/// whatever is between them that is not seen.
pub fn look_alike(one: &str, other: &str) -> bool {
    let shape = |name: &str| {
        let shape: String = skeleton(name).filter(|c| !is_unseen(*c)).collect();
        shape.split(is_blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let small = |name: &str| shape(&spelled(name).to_lowercase());
    shape(one) == shape(other) || small(one) == small(other)
}

/// A name as it is kept: one line that is not too long, in its one spelling, with nothing in it that is not seen.
pub(crate) fn checked(what: &str, name: &str) -> Result<String> {
    let name = spelled(name);
    if name.is_empty() || name.len() > LONGEST {
        return Err(Error::Invalid(format!("{what} has 1 to {LONGEST} bytes").into()));
    }
    let hidden = marked(&name).find(|(_, seen)| !seen);
    match hidden {
        None => Ok(name),
        Some((hidden, _)) => Err(Error::Invalid(format!(
            "{what} has a character that nobody sees (U+{:04X}), so that it could be taken for another: type it anew",
            u32::from(hidden)
        ).into())),
    }
}

/// What begins with `scheme:` in a text that mail may have quoted and folded, each with the number of its line. All other
/// lines are there too, and are what `parse` says of them.
pub(crate) fn unfolded<T>(text: &str, scheme: &str, parse: impl Fn(&str) -> Result<T>) -> Vec<(usize, Result<T>)> {
    let mut pieces: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_matches(|c: char| is_blank(c) || is_unseen(c) || "<>|\"'".contains(c));
        // Of quoted-printable, where it folds a line.
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

/// As much of a folded line as makes sense; a word below it, such as a signature, is a line of its own.
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

/// What a card, a URI or a request consists of.
fn is_rest(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_alphanumeric() || b":%._~-".contains(&b))
}

/// The one thing that a text holds, however mail has mangled it.
pub(crate) fn the_one<T: PartialEq>(text: &str, scheme: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
    let mut found: Vec<T> = unfolded(text, scheme, &parse).into_iter().filter_map(|(_, one)| one.ok()).collect();
    found.dedup();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => Err(Error::Invalid(format!("there are several {scheme} in it: leave only the one").into())),
        // All of it in one line: what is wrong with it is told best.
        (None, _) => parse(&text.split(is_blank).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_kept_in_one_spelling_and_with_nothing_hidden() {
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
    fn what_mail_folds_and_quotes_is_put_together() {
        let parse = |text: &str| match text.len() == 20 && text.starts_with("card:") {
            true => Ok(text.to_owned()),
            false => Err(Error::Invalid(text.into())),
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
