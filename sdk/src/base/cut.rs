//! The items that bounded lists leave out.

/// The items missing from a list that strangers could make arbitrarily long. The verb that returns the list documents
/// which items strangers cannot displace, and how to ask for the others by name.
///
/// See the [guide](crate::request).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// How many items were found but are not listed.
    pub count: usize,
    /// Older items may exist; they were not looked up.
    pub older: bool,
}

impl Cut {
    /// Whether the list is complete.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
