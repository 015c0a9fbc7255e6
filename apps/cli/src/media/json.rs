//! JSON as it comes, a character at a time: whether it is JSON, and whether a FHIR resource.

/// Deeper is not followed.
const DEEPEST: usize = 1024;
const MARK: &str = "resourceType";
/// The longest name of a resource type is shorter.
const LONGEST: usize = 64;

/// One value, or several in their lines.
pub(super) struct Json {
    state: State,
    /// Whether each open one is an object.
    open: Vec<bool>,
    /// The beginning of the string that is being read.
    word: String,
    /// Whether the value that comes belongs to the mark, in the outermost object.
    marked: bool,
    values: usize,
    resources: usize,
    is_resource: bool,
    broken: bool,
    /// Several values are lines only when none is spread over lines, and none shares one.
    spread: bool,
    new_line: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    Colon,
    CommaOrEnd,
    Text {
        key: bool,
        escaped: bool,
    },
    /// A number, or `true`, `false`, `null`.
    Scalar,
}

impl Default for Json {
    fn default() -> Self {
        Self {
            state: State::Value,
            open: Vec::new(),
            word: String::new(),
            marked: false,
            values: 0,
            resources: 0,
            is_resource: false,
            broken: false,
            spread: false,
            new_line: true,
        }
    }
}

impl Json {
    /// `in_lines`: its name says that there is a value a line, so that one line is enough.
    pub(super) fn kind(&self, in_lines: bool) -> Option<&'static str> {
        let complete = !self.broken && self.open.is_empty() && self.state == State::Value && self.values > 0;
        let lines = in_lines || self.values > 1;
        match (complete, lines, self.values == self.resources) {
            (false, ..) => None,
            (_, false, true) => Some(super::FHIR_JSON),
            (_, false, false) => Some(super::JSON),
            (_, true, _) if self.spread && self.values > 1 => None,
            (_, true, _) if self.spread => Some(if self.resources == 1 { super::FHIR_JSON } else { super::JSON }),
            (_, true, true) => Some(super::FHIR_LINES),
            (_, true, false) => Some(super::LINES),
        }
    }

    pub(super) fn push(&mut self, c: char) {
        if self.broken {
            return;
        }
        match self.state {
            State::Text { key, escaped } => self.push_text(c, key, escaped),
            State::Scalar if c.is_ascii_alphanumeric() || "+-.".contains(c) => self.keep(c),
            State::Scalar => {
                self.end_scalar();
                self.push_outside(c);
            }
            _ => self.push_outside(c),
        }
    }

    fn push_text(&mut self, c: char, key: bool, escaped: bool) {
        match c {
            '\n' | '\r' | '\t' => self.broken = true,
            _ if escaped => self.state = State::Text { key, escaped: false },
            '\\' => {
                self.keep(c);
                self.state = State::Text { key, escaped: true };
            }
            '"' => self.end_text(key),
            _ => self.keep(c),
        }
    }

    fn push_outside(&mut self, c: char) {
        match (c, self.state) {
            ('\n', _) => {
                self.spread |= !self.open.is_empty();
                self.new_line = true;
            }
            (' ' | '\t' | '\r', _) => {}
            ('{' | '[', State::Value | State::ValueOrEnd) => self.enter(c == '{'),
            ('}', State::KeyOrEnd | State::CommaOrEnd) if self.open.last() == Some(&true) => self.leave(),
            (']', State::ValueOrEnd | State::CommaOrEnd) if self.open.last() == Some(&false) => self.leave(),
            (',', State::CommaOrEnd) if self.open.last() == Some(&true) => self.state = State::Key,
            (',', State::CommaOrEnd) => self.state = State::Value,
            (':', State::Colon) => self.state = State::Value,
            ('"', State::Key | State::KeyOrEnd) => self.begin(State::Text { key: true, escaped: false }),
            ('"', State::Value | State::ValueOrEnd) if !self.open.is_empty() => {
                self.begin(State::Text { key: false, escaped: false });
            }
            ('-' | '0'..='9' | 't' | 'f' | 'n', State::Value | State::ValueOrEnd) if !self.open.is_empty() => {
                self.begin(State::Scalar);
                self.keep(c);
            }
            _ => self.broken = true,
        }
    }

    fn begin(&mut self, state: State) {
        self.word.clear();
        self.state = state;
    }

    fn keep(&mut self, c: char) {
        if self.word.len() < LONGEST {
            self.word.push(c);
        }
    }

    fn enter(&mut self, object: bool) {
        if self.open.is_empty() {
            self.spread |= !self.new_line;
            (self.new_line, self.is_resource) = (false, false);
        }
        self.marked = false;
        self.open.push(object);
        self.broken |= self.open.len() > DEEPEST;
        self.state = if object { State::KeyOrEnd } else { State::ValueOrEnd };
    }

    fn leave(&mut self) {
        self.open.pop();
        self.state = State::CommaOrEnd;
        if self.open.is_empty() {
            self.state = State::Value;
            self.values += 1;
            self.resources += usize::from(self.is_resource);
        }
    }

    fn end_text(&mut self, key: bool) {
        if key {
            self.marked = self.open.as_slice() == [true] && self.word == MARK;
            self.state = State::Colon;
            return;
        }
        let named = self.word.starts_with(|c: char| c.is_ascii_uppercase());
        let named = named && self.word.len() < LONGEST && self.word.chars().all(|c| c.is_ascii_alphanumeric());
        self.is_resource |= self.marked && named;
        self.marked = false;
        self.state = State::CommaOrEnd;
    }

    fn end_scalar(&mut self) {
        let number = self.word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        // Longer numbers than are kept have been digits so far.
        let number = number && (self.word.len() >= LONGEST || self.word.parse::<f64>().is_ok());
        self.broken |= !number && !matches!(self.word.as_str(), "true" | "false" | "null");
        self.marked = false;
        self.state = State::CommaOrEnd;
    }
}
