//! The file that holds a person's recovery phrase under a password.
//!
//! JSON, version 1: scrypt (RFC 7914) of the password gives the key of AES-256-GCM; the additional data is a label and
//! the header exactly as it stands in the file, so that no parameter can be changed.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use hospital_record::{put_new, with_advice};
use scrypt::Params;
use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, TempPath};
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Kind, Result},
    password::spellings,
    private::{create_folder, refuse_modeless, refuse_shared},
};

const LABEL: &[u8] = b"hospital-record/v1/key-file\0";
const VERSION: u32 = 1;
/// 2^17, as OWASP recommends. More would fail on small machines; this program refuses less.
const LOG_N: u8 = 17;
const R: u32 = 8;
const P: u32 = 1;
/// The longest phrase has 215 characters. One length for all, so that the size of the file reveals nothing.
const PADDED: usize = 256;
const LARGEST_FILE: u64 = 16 * 1024;

/// The part of the file that is in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    version: u32,
    /// The address of the account.
    pub(crate) address: String,
    /// The number of the account of the phrase.
    pub(crate) account: u32,
    kdf: Kdf,
    cipher: Cipher,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    log_n: u8,
    r: u32,
    p: u32,
    #[serde(with = "hex::serde")]
    salt: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    name: String,
    #[serde(with = "hex::serde")]
    nonce: [u8; 12],
}

/// A key file as it stands on disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyFile {
    pub(crate) header: Header,
    #[serde(with = "hex::serde")]
    ciphertext: Vec<u8>,
}

impl KeyFile {
    /// Seals `phrase` with a fresh salt and nonce.
    pub(crate) fn seal(phrase: &str, account: u32, address: &str, password: &str) -> Result<Self> {
        let header = Header {
            version: VERSION,
            address: address.to_owned(),
            account,
            kdf: Kdf { name: "scrypt".into(), log_n: LOG_N, r: R, p: P, salt: random()? },
            cipher: Cipher { name: "aes-256-gcm".into(), nonce: random()? },
        };
        // Allocated in one piece: growing would leave copies that nothing wipes.
        let mut padded = Zeroizing::new(String::with_capacity(PADDED.max(phrase.len())));
        padded.push_str(phrase);
        padded.extend(std::iter::repeat_n(' ', PADDED.saturating_sub(phrase.len())));
        let aad = header.authenticated()?;
        let payload = Payload { msg: padded.as_bytes(), aad: &aad };
        let ciphertext = header
            .cipher(password)?
            .encrypt(&header.cipher.nonce.into(), payload)
            .map_err(|_| Failure::key_file("the phrase cannot be sealed"))?;
        wipe_stack();
        Ok(Self { header, ciphertext })
    }

    /// The phrase, with the padding around it.
    pub(crate) fn open(&self, password: &str) -> Result<Zeroizing<String>> {
        self.header.check()?;
        let mut opened = Err(Failure::key_file("there is no password"));
        for password in spellings(password) {
            opened = self.open_with(&password);
            if opened.is_ok() {
                break;
            }
        }
        opened
    }

    fn open_with(&self, password: &str) -> Result<Zeroizing<String>> {
        let aad = self.header.authenticated()?;
        let payload = Payload { msg: &self.ciphertext, aad: &aad };
        let plain = self
            .header
            .cipher(password)?
            .decrypt(&self.header.cipher.nonce.into(), payload)
            .map_err(|_| Failure::key_file("wrong password, or the key file was changed"))?;
        wipe_stack();
        String::from_utf8(plain).map(Zeroizing::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            Failure::key_file("the key file holds no phrase")
        })
    }

    /// Names this very content: the tag of its encryption.
    pub(crate) fn fingerprint(&self) -> String {
        hex::encode(&self.ciphertext[self.ciphertext.len().saturating_sub(16)..])
    }

    /// The same phrase under another password, with a new salt and nonce.
    pub(crate) fn sealed_again(&self, phrase: &str, password: &str) -> Result<Self> {
        Self::seal(phrase.trim_end(), self.header.account, &self.header.address, password)
    }

    /// Fails if no key file can be made there, before a password is asked for. Leaves nothing behind.
    pub(crate) fn can_be_made(path: &Path) -> Result {
        let folder = folder_of(path);
        let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
        let tried = create_folder(folder).and_then(|()| Self::try_in(folder));
        for folder in missing {
            // Another program may have put something there meanwhile.
            let _ = fs::remove_dir(folder);
        }
        tried
    }

    fn try_in(folder: &Path) -> Result {
        let probe = new_file(folder).map_err(|error| cannot_write(folder, &error))?;
        let metadata = probe.as_file().metadata().map_err(|error| cannot_write(folder, &error))?;
        refuse_shared(probe.path(), &metadata).map_err(|failure| refuse_modeless(folder, &metadata, failure))
    }

    /// Writes a temporary file beside its place, so that most failures happen before the final step.
    pub(crate) fn stage(&self, path: &Path) -> Result<Staged> {
        let folder = folder_of(path);
        create_folder(folder)?;
        let write = || -> io::Result<TempPath> {
            let mut file = new_file(folder)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            Ok(file.into_temp_path())
        };
        let file = write().map_err(|error| cannot_write(path, &error))?;
        Ok(Staged { file, path: path.into() })
    }

    /// Reads it, unless others can read it too.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::IsADirectory => damaged(path, &error.to_string()),
            _ => cannot_write(path, &error),
        };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(damaged(path, "it is a folder"));
        }
        refuse_shared(path, &metadata)?;
        let mut text = String::new();
        file.take(LARGEST_FILE).read_to_string(&mut text).map_err(failed)?;
        if text.is_empty() {
            return Err(damaged(path, "it is empty"));
        }
        serde_json::from_str(&text).map_err(|error| damaged(path, &error.to_string()))
    }
}

/// A key file on disk that does not have its name yet.
pub(crate) struct Staged {
    file: TempPath,
    path: PathBuf,
}

/// Whether the change survives a loss of power.
pub(crate) type Settled = io::Result<()>;

impl Staged {
    /// Makes a new file; never replaces one.
    pub(crate) fn create(self) -> Result<Settled> {
        let Self { file, path } = self;
        put_new(file, &path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => already_there(&path),
            _ => cannot_write(&path, &error),
        })?;
        Ok(settle(folder_of(&path)))
    }

    /// Replaces `before` and nothing else: of two programs that change a password, the second fails.
    pub(crate) fn replace(self, before: &KeyFile) -> Result<Settled> {
        let Self { file, path } = self;
        let folder = folder_of(&path);
        // If the folder cannot be locked, this comparison is the only check.
        let _alone = File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
        let now = KeyFile::read(&path)?;
        if now.ciphertext != before.ciphertext || now.header != before.header {
            return Err(Failure::new(
                Kind::Conflict,
                format!("another program changed {} meanwhile: its change stays", path.display()),
            ));
        }
        file.persist(&path).map_err(|failed| cannot_write(&path, &failed.error))?;
        Ok(settle(folder))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".key-").tempfile_in(folder)
}

/// All or nothing, on disk before it is said to be done; through a link, if it is one.
pub(crate) fn write_whole(file: &Path, content: &[u8]) -> Result<Settled> {
    let failed = |error: &io::Error| Failure::file(file, error);
    let place = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = place.parent().unwrap_or(Path::new("."));
    let mut new = NamedTempFile::with_prefix_in(".new-", folder).map_err(|error| failed(&error))?;
    let written = new.write_all(content).and_then(|()| new.as_file().sync_all());
    written.map_err(|error| failed(&error))?;
    new.persist(&place).map_err(|error| failed(&error.error))?;
    Ok(settle(folder))
}

/// Some file systems cannot sync folders, and offer nothing else.
pub(crate) fn settle(folder: &Path) -> Settled {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Err(error),
        _ => Ok(()),
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::key_file(format!("{}: {}", path.display(), with_advice(error)))
}

fn damaged(path: &Path, why: &str) -> Failure {
    Failure::key_file(format!(
        "{}: not a key file of version {VERSION} ({why}): restore it from a copy, or move it away and make it from \
         the recovery phrase with `init --restore`",
        path.display()
    ))
}

impl Header {
    /// A file from elsewhere may neither weaken the key derivation nor eat the machine's memory.
    fn check(&self) -> Result {
        let expected = Kdf { name: "scrypt".into(), log_n: LOG_N, r: R, p: P, salt: self.kdf.salt };
        if self.version != VERSION || self.kdf != expected || self.cipher.name != "aes-256-gcm" {
            return Err(Failure::key_file(
                "this key file has another version or other parameters than this program supports",
            ));
        }
        Ok(())
    }

    fn authenticated(&self) -> Result<Vec<u8>> {
        let header = serde_json::to_vec(self).map_err(|error| Failure::key_file(error.to_string()))?;
        Ok([LABEL, &header].concat())
    }

    fn cipher(&self, password: &str) -> Result<Aes256Gcm> {
        let mut key = Zeroizing::new([0; 32]);
        let params = Params::new(self.kdf.log_n, self.kdf.r, self.kdf.p);
        params
            .ok()
            .and_then(|params| scrypt::scrypt(password.as_bytes(), &self.kdf.salt, &params, key.as_mut()).ok())
            .ok_or_else(|| Failure::key_file("the key derivation does not run with these parameters"))?;
        Ok(Aes256Gcm::new((&*key).into()))
    }
}

/// Writes over what a cipher has left of the phrase: its blocks pass over the stack, on some processors.
#[inline(never)]
fn wipe_stack() {
    std::hint::black_box(&mut [0_u8; 64 << 10]);
}

pub(crate) fn already_there(path: &Path) -> Failure {
    Failure::key_file(format!(
        "{} exists already and is never overwritten; choose another name with --as",
        path.display()
    ))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::key_file(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
