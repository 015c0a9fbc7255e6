//! What bounded lists leave out.

/// What is missing in a list that strangers could make as long as they like. The verb that made the list says which part
/// of it they cannot push out, and how to ask for the rest by name.
///
/// See the [guide](crate::request).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// So many were found and are not listed.
    pub count: usize,
    /// There may be older ones, which were not looked at.
    pub older: bool,
}

impl Cut {
    /// Whether nothing is missing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
