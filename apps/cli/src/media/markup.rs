//! XML and HTML, by the element at the root: what it is called, and its namespace.

use super::{HTML, SVG, XML};

/// The root element begins within this much.
const LONGEST: usize = 64 * 1024;
const FHIR: &str = "http://hl7.org/fhir";
/// The first elements of letters without a root element.
const FRAGMENTS: [&str; 18] = [
    "a", "b", "head", "body", "title", "meta", "style", "script", "div", "p", "table", "h1", "h2", "h3", "font", "br",
    "span", "ul",
];

#[derive(Default)]
pub(super) struct Markup {
    head: String,
}

impl Markup {
    pub(super) fn push(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.head.len());
        self.head.push_str(&text[..text.floor_char_boundary(room)]);
    }

    pub(super) fn kind(&self) -> Option<&'static str> {
        let (declared, is_html, rest) = skip_prolog(&self.head);
        let root = Root::parse(rest);
        match root {
            _ if is_html => Some(HTML),
            Some(root) => root.kind(declared),
            None => declared.then_some(XML),
        }
    }
}

/// Whether it declares XML, whether it declares HTML, and the rest after declarations and comments.
fn skip_prolog(text: &str) -> (bool, bool, &str) {
    let (mut declared, mut rest) = (false, text.trim_start());
    loop {
        let after = if rest.starts_with("<?") {
            declared |= rest.starts_with("<?xml");
            rest.split_once("?>")
        } else if rest.starts_with("<!--") {
            rest.split_once("-->")
        } else if let Some(doctype) = rest.strip_prefix("<!") {
            if begins_with(doctype, "doctype html") {
                return (declared, true, rest);
            }
            after_doctype(doctype)
        } else {
            return (declared, false, rest);
        };
        let Some((_, after)) = after else { return (declared, false, "") };
        rest = after.trim_start();
    }
}

/// Its own declarations stand in brackets.
fn after_doctype(doctype: &str) -> Option<(&str, &str)> {
    let end = doctype.find('>')?;
    match doctype.find('[').filter(|bracket| *bracket < end) {
        Some(bracket) => doctype[bracket..].split_once(']')?.1.split_once('>'),
        None => doctype.split_once('>'),
    }
}

fn begins_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

struct Root<'a> {
    prefix: &'a str,
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    /// The tag has its end, and all attributes have values in quotes.
    well_formed: bool,
    closed: bool,
}

impl<'a> Root<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix('<')?;
        let end = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
        let (full, mut rest) = text.split_at(end);
        let good = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
        if !full.starts_with(|c: char| c.is_alphabetic() || c == '_') || !full.chars().all(good) {
            return None;
        }
        let (prefix, name) = full.split_once(':').unwrap_or(("", full));
        let mut attributes = Vec::new();
        while let Some((attribute, after)) = attribute(rest) {
            attributes.push(attribute);
            rest = after;
        }
        let rest = rest.trim_start();
        let well_formed = rest.starts_with('>') || rest.starts_with("/>");
        Some(Self { prefix, name, attributes, well_formed, closed: rest.contains('>') })
    }

    fn namespace(&self) -> Option<&str> {
        let declares = |name: &str| match self.prefix {
            "" => name == "xmlns",
            prefix => name.strip_prefix("xmlns:") == Some(prefix),
        };
        self.attributes.iter().find(|(name, _)| declares(name)).map(|(_, value)| *value)
    }

    fn kind(&self, declared: bool) -> Option<&'static str> {
        let (name, namespace) = (self.name.to_ascii_lowercase(), self.namespace());
        if name == "html" {
            return Some(HTML);
        }
        match namespace {
            Some(FHIR) if self.well_formed && self.name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                Some("application/fhir+xml")
            }
            Some("http://www.w3.org/2000/svg") | None if name == "svg" => Some(SVG),
            None if !declared && self.closed && FRAGMENTS.contains(&name.as_str()) => Some(HTML),
            _ => (declared || self.well_formed).then_some(XML),
        }
    }
}

/// `name = "value"`, in quotes of either kind, and what follows.
fn attribute(text: &str) -> Option<((&str, &str), &str)> {
    let (name, rest) = text.trim_start().split_once('=')?;
    let name = name.trim_end();
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || "<>/\"'".contains(c)) {
        return None;
    }
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = rest[1..].split_once(quote)?;
    Some(((name, value), rest))
}
