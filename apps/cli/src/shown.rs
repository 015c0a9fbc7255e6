//! Text that others wrote: harmless on a terminal, harmless as a file name.

/// Characters that steer a terminal, reverse the reading direction or are not seen at all.
///
/// Zero-width joiners stay: Persian and Indic spelling needs them.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` on one line of a terminal: treacherous characters as `\u{…}`.
pub(crate) fn shown(text: &str) -> String {
    escape(text, |_| false)
}

/// The same for text of several lines, such as an error message.
pub(crate) fn shown_lines(text: &str) -> String {
    escape(text, |c| c == '\n')
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_treacherous(c) && !keep(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// JSON on one line in which no string can steer the terminal it is printed on.
pub(crate) fn json_line(value: &serde_json::Value) -> String {
    let mut line = String::new();
    for c in value.to_string().chars() {
        if is_treacherous(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| line.push_str(&format!("\\u{unit:04x}")));
        } else {
            line.push(c);
        }
    }
    line
}

/// Longest name that every file system of today takes, with room for a temporary suffix.
const LONGEST: usize = 200;
const LONGEST_EXTENSION: usize = 16;

/// A name for a file in the current folder out of a recorded one, which anybody may have chosen.
pub(crate) fn safe_name(recorded: &str, fallback: &str) -> String {
    let last = recorded.rsplit(['/', '\\']).next().unwrap_or_default();
    let replaced: String =
        last.chars().filter(|c| !is_treacherous(*c)).map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    let name = replaced
        .trim_start_matches(|c: char| c.is_whitespace() || ".-~".contains(c))
        .trim_end_matches(|c: char| c.is_whitespace() || c == '.');
    let name = shortened(name);
    if name.is_empty() {
        fallback.to_owned()
    } else if is_reserved(&name) {
        format!("_{name}")
    } else {
        name
    }
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
    use super::*;
    use serde_json::json;

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
