//! Folders of one's own records.

use crate::{
    access::folders::{self, FolderInfo},
    acts::person::Person,
    base::error::Result,
    keys::rotate::{self, Rotated},
};
use hospital_record_core::id::Confidentiality;

/// A person's folders; made by [`Client::folders`](crate::Client::folders).
///
/// The [guide](crate::folder) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Folders<'a>(pub(super) &'a Person);

impl Folders<'_> {
    /// Moves the keys of one of this person's folders on.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) where no act of this person concerned such a folder: a mistyped name is another folder.
    pub async fn rotate(self, folder: &str, confidentiality: Confidentiality) -> Result<Rotated> {
        rotate::rotate(self.0, folder, confidentiality).await
    }

    /// This person's folders that hold a record or were granted to somebody.
    pub async fn list(self) -> Result<Vec<FolderInfo>> {
        folders::folders(self.0).await
    }

    /// Whether there is such a folder of this person's: it holds a record, or was granted to somebody. No store is asked.
    pub async fn has(self, name: &str, level: Confidentiality) -> Result<bool> {
        folders::has_folder(self.0, name, level).await
    }
}
