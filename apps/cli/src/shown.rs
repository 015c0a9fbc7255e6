//! Text that others wrote: harmless on a terminal, harmless as a file name.

use hospital_record::names::{is_blank, marked};

/// `text` on one line of a terminal, with invisible and control characters as `\u{…}`.
pub(crate) fn shown(text: &str) -> String {
    escape(text, |_| false)
}

/// The same for text of several lines, such as an error message.
pub(crate) fn shown_lines(text: &str) -> String {
    escape(text, |c| c == '\n')
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for (c, seen) in marked(text) {
        if seen || keep(c) {
            safe.push(c);
        } else {
            safe.extend(c.escape_unicode());
        }
    }
    safe
}

/// JSON on one line in which no string can steer the terminal it is printed on.
pub(crate) fn json_line(value: &serde_json::Value) -> String {
    let mut line = String::new();
    for (c, seen) in marked(&value.to_string()) {
        if seen {
            line.push(c);
        } else {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| line.push_str(&format!("\\u{unit:04x}")));
        }
    }
    line
}

/// The longest name that today's file systems accept, with room for a temporary suffix.
const LONGEST: usize = 200;
const LONGEST_EXTENSION: usize = 16;

/// A safe file name for the current folder, from a recorded name that anybody may have chosen.
pub(crate) fn safe_name(recorded: &str, fallback: &str) -> String {
    let last = recorded.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = seen_alone(last);
    let name: String = trimmed(&kept).chars().map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    // Where it is cut, a joiner may have nothing left to join.
    let kept = seen_alone(&shortened(&name));
    let name = trimmed(&kept).to_owned();
    if name.is_empty() {
        fallback.to_owned()
    } else if is_reserved(&name) {
        format!("_{name}")
    } else {
        name
    }
}

fn seen_alone(text: &str) -> String {
    marked(text).filter(|(_, seen)| *seen).map(|(c, _)| c).collect()
}

/// Neither hidden, nor an option, nor a name that some systems cannot delete.
fn trimmed(name: &str) -> &str {
    name.trim_start_matches(|c: char| is_blank(c) || ".-~".contains(c))
        .trim_end_matches(|c: char| is_blank(c) || c == '.')
}

/// Device names of Windows, with any extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.chars().count() == 1 && "123456789¹²³".contains(rest))
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let extension = match name.rfind('.') {
        Some(dot) if name.len() - dot <= LONGEST_EXTENSION => &name[dot..],
        _ => "",
    };
    let stem = &name[..name.len() - extension.len()];
    format!("{}{extension}", cut(stem, LONGEST - extension.len()))
}

fn cut(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use hospital_record::names::{is_selector, is_unseen};
    use serde_json::json;

    use super::*;

    #[test]
    fn control_sequences_do_not_reach_the_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\nc\u{9b}d\u{202e}fdp.exe"), r"a\u{1b}[2Jb\u{a}c\u{9b}d\u{202e}fdp.exe");
        assert_eq!(shown_lines("a\nb\r"), "a\nb\\u{d}");
        assert_eq!(shown("Müller 山田 می\u{200c}خواهم 👩\u{200d}⚕"), "Müller 山田 می\u{200c}خواهم 👩\u{200d}⚕");
    }

    #[test]
    fn json_escapes_what_serde_leaves() {
        let value = json!({"name": "a\u{9b}\u{202e}\u{e0001}\u{7f}ü\n"});
        let line = json_line(&value);
        assert_eq!(line, r#"{"name":"a\u009b\u202e\udb40\udc01\u007fü\n"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }

    /// Every character of a class, by the tables of Unicode.
    fn all_of(class: &str) -> Vec<char> {
        let hir = regex_syntax::Parser::new().parse(class).unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(ranges)) = hir.kind() else {
            panic!("{class}")
        };
        ranges.ranges().iter().flat_map(|range| range.start()..=range.end()).collect()
    }

    /// Controls, formats that are no signs of their own, separators but spaces, and what Unicode says not to show.
    fn unseen() -> Vec<char> {
        all_of(r"[\p{Cc}[\p{Cf}--\p{Prepended_Concatenation_Mark}]\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]")
    }

    #[test]
    fn invisible_character_never_reaches_the_terminal_in_a_plain_name() {
        let unseen = unseen();
        assert!(unseen.len() > 4000 && unseen.contains(&'\u{202e}') && unseen.contains(&'\n'), "{}", unseen.len());
        for c in unseen {
            let escaped = format!("\\u{{{:x}}}", u32::from(c));
            assert_eq!(shown(&format!("{c}dr{c}-lee{c}")), format!("{escaped}dr{escaped}-lee{escaped}"));
            assert_eq!(shown(&format!("ü{c}")).contains(c), is_selector(c), "{escaped}: at the end of a name");
            assert_eq!(shown(&format!("ü{c}{c}")).matches(c).count(), usize::from(is_selector(c)), "{escaped}: twice");
            let line = json_line(&json!({"name": format!("dr{c}")}));
            assert!(!line.contains(c), "{line}");
        }
    }

    #[test]
    fn joiners_and_selectors_of_spelling_are_shown() {
        for name in [
            "Müller",
            "山田\u{3000}太郎",
            "می\u{200c}خواهم",
            "👩\u{200d}⚕\u{fe0f}",
            "❤\u{fe0f}\u{200d}🔥",
            "葛\u{e0100}城",
            "ക്\u{200d}ഷ",
        ] {
            assert_eq!(shown(name), name);
            assert_eq!(safe_name(name, "id"), name);
        }
    }

    #[test]
    fn invisible_character_neither_begins_a_file_name_nor_hides_in_it() {
        let mut hidden = unseen();
        hidden.extend(all_of(r"[\p{Z}\p{White_Space}]"));
        hidden.push('\u{2800}');
        for c in hidden {
            let code = u32::from(c);
            for before in [format!("{c}"), format!("{c}{c}"), format!("{c}."), format!(".{c}."), format!("-{c}~ ")] {
                assert_eq!(safe_name(&format!("{before}bashrc"), "id"), "bashrc", "U+{code:x} in {before:?}");
                assert_eq!(safe_name(&before, "id"), "id", "U+{code:x}");
            }
            let inside = safe_name(&format!("scan{c}fdp.exe"), "id");
            assert!(is_blank(c) && !c.is_control() || inside == "scanfdp.exe", "U+{code:x}: {inside:?}");
        }
    }

    #[test]
    fn safe_name_is_safe_for_any_recorded_name() {
        let odd = [
            '.', '-', '~', ' ', '/', '\\', ':', 'a', 'ü', '\u{200d}', '\u{fe0f}', '\u{feff}', '\u{2800}', '\u{a0}',
            '\0',
        ];
        for seed in 0..50_000usize {
            let recorded: String = (0..6).map(|place| odd[seed / odd.len().pow(place) % odd.len()]).collect();
            let recorded = if seed % 7 == 0 { recorded.repeat(50) } else { recorded };
            let name = safe_name(&recorded, "id");
            assert_eq!(safe_name(&name, "id"), name, "{recorded:?}");
            let bad = |c: char| is_blank(c) || is_unseen(c) || ".-~".contains(c);
            assert!(
                !name.is_empty() && !name.starts_with(bad) && !name.ends_with([' ', '.']),
                "{recorded:?}: {name:?}"
            );
            assert!(name.len() <= LONGEST && !name.contains(['/', '\\', '\0', ':']), "{recorded:?}: {name:?}");
        }
    }

    #[test]
    fn a_recorded_name_stays_in_the_folder() {
        for (recorded, safe) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            (r"..\..\boot.ini", "boot.ini"),
            ("/abs/олух.txt", "олух.txt"),
            ("..", "id"),
            (".", "id"),
            ("", "id"),
            ("/", "id"),
            ("\u{202e}\u{200b}", "id"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("- .-~x", "x"),
            ("a\0b\nc.txt", "abc.txt"),
            ("scan\u{202e}fdp.exe", "scanfdp.exe"),
            ("a:b?.txt", "a_b_.txt"),
            ("trail. . ", "trail"),
            ("con", "_con"),
            ("Com1.tar.gz", "_Com1.tar.gz"),
            ("COM¹", "_COM¹"),
            ("com10.txt", "com10.txt"),
            ("console", "console"),
        ] {
            assert_eq!(safe_name(recorded, "id"), safe, "{recorded:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = safe_name(&format!("{}.pdf", "ü".repeat(300)), "id");
        assert!(name.ends_with("ü.pdf") && name.len() <= LONGEST && name.len() > LONGEST - 3, "{}", name.len());
        assert_eq!(safe_name(&"x".repeat(4000), "id").len(), LONGEST);
    }
}
