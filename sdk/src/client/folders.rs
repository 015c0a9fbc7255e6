//! Folders of a person's own records.

use hospital_record_core::id::Confidentiality;

use crate::{
    access::folders::{self, FolderInfo},
    acts::person::Person,
    base::error::Result,
    keys::rotate::{self, Rotated},
};

/// A person's folders; made by [`Client::folders`](crate::Client::folders).
///
/// The [guide](crate::folder) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Folders<'a>(pub(super) &'a Person);

impl Folders<'_> {
    /// Gives one of this person's folders new keys. [`Rotated::left_out`] lists the readers who did not get them.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if the folder holds no record and was never granted. A mistyped name
    /// is another folder.
    pub async fn rotate(self, folder: &str, confidentiality: Confidentiality) -> Result<Rotated> {
        rotate::rotate(self.0, folder, confidentiality).await
    }

    /// This person's folders that hold a record or were granted to somebody.
    pub async fn list(self) -> Result<Vec<FolderInfo>> {
        folders::folders(self.0).await
    }

    /// Whether this person has such a folder: it holds a record or was granted to somebody. It asks no store.
    pub async fn has(self, name: &str, level: Confidentiality) -> Result<bool> {
        folders::has_folder(self.0, name, level).await
    }
}
