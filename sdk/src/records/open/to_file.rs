//! Opens records into files.

use std::path::{Path, PathBuf};

use futures::StreamExt;
use hospital_record_core::{record::metadata::Metadata, seal::stream::tink_keyset_json};

use crate::{
    base::error::{Error, Result},
    platform::file::NewFile,
    records::{download, open::Open},
};

impl Open {
    /// Lets [`to_file`](Open::to_file) and [`export`](Open::export) replace an existing file, also through a link, and write
    /// into a pipe or device.
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// Writes the plaintext to a file, which appears only when it is complete and checked.
    ///
    /// Refuses to replace a file without [`overwrite`](Open::overwrite).
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<Metadata> {
        let path: PathBuf = path.as_ref().into();
        let mut file = NewFile::create(&path, self.overwrite).await?;
        let prepared = self.prepare().await?;
        self.write(&prepared, file.writer()).await?;
        file.finish().await?;
        Ok(prepared.record.metadata)
    }

    /// Writes the ciphertext to `content.tink` and its unencrypted key to `keyset.json`, in this folder. Only the owner of
    /// `keyset.json` can read it.
    ///
    /// Any Google Tink library opens the content with the keyset: streaming AEAD, no associated data.
    pub async fn export(self, folder: impl AsRef<Path>) -> Result<Metadata> {
        let folder = folder.as_ref();
        tokio::fs::create_dir_all(folder).await.map_err(|error| Error::file(folder, error))?;
        let mut content = NewFile::create(&folder.join("content.tink"), self.overwrite).await?;
        let mut keyset = NewFile::create(&folder.join("keyset.json"), self.overwrite).await?;
        let prepared = self.prepare().await?;
        let mut blocks = download::ciphertext(self.person.stores.clone(), &prepared.record.manifest)?;
        while let Some(block) = blocks.next().await {
            content.write(&block?).await?;
        }
        keyset.write(tink_keyset_json(&prepared.record.key).as_bytes()).await?;
        content.finish().await?;
        keyset.finish().await?;
        Ok(prepared.record.metadata)
    }
}
