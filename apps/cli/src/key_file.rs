//! The file that holds a person's recovery phrase under a password.
//!
//! JSON, version 1: scrypt (RFC 7914) of the password gives the key of AES-256-GCM; the additional data is a label and
//! the header exactly as it stands in the file, so that no parameter can be changed.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use scrypt::Params;
use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, PersistError};
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    password::spellings,
    private::{create_folder, refuse_shared},
};

const LABEL: &[u8] = b"hospital-record/v1/key-file\0";
const VERSION: u32 = 1;
/// 2^17, as OWASP asks; more would be refused by small machines, less is refused by us.
const LOG_N: u8 = 17;
const R: u32 = 8;
const P: u32 = 1;
/// The longest phrase has 215 characters. One length for all, so that the file does not tell about the words.
const PADDED: usize = 256;
const LARGEST_FILE: u64 = 16 * 1024;

type Persisted = std::result::Result<File, PersistError>;

/// What anybody can read in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    version: u32,
    /// The address of the account.
    pub(crate) address: String,
    /// Which account of the phrase.
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
        // In one piece: growing would leave copies behind that nobody wipes.
        let mut padded = Zeroizing::new(String::with_capacity(PADDED.max(phrase.len())));
        padded.push_str(phrase);
        padded.extend(std::iter::repeat_n(' ', PADDED.saturating_sub(phrase.len())));
        let aad = header.authenticated()?;
        let payload = Payload { msg: padded.as_bytes(), aad: &aad };
        let ciphertext = header
            .cipher(password)?
            .encrypt(&header.cipher.nonce.into(), payload)
            .map_err(|_| Failure::key_file("the phrase cannot be sealed"))?;
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
        String::from_utf8(plain).map(Zeroizing::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            Failure::key_file("the key file holds no phrase")
        })
    }

    /// The same phrase under another password, with a salt and nonce of its own.
    pub(crate) fn sealed_again(&self, phrase: &str, password: &str) -> Result<Self> {
        Self::seal(phrase.trim_end(), self.header.account, &self.header.address, password)
    }

    /// Writes it where nothing is yet: complete with mode 0600, or not at all.
    pub(crate) fn create(&self, path: &Path) -> Result {
        self.write(path, |file| file.persist_noclobber(path))
    }

    /// Writes it in the place of another: that one stays whole until this one is.
    pub(crate) fn replace(&self, path: &Path) -> Result {
        self.write(path, |file| file.persist(path))
    }

    fn write(&self, path: &Path, put: impl FnOnce(NamedTempFile) -> Persisted) -> Result {
        let folder = path.parent().unwrap_or(Path::new("."));
        create_folder(folder)?;
        let write = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(folder)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            put(file).map_err(|error| error.error)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => already_there(path),
            _ => Failure::key_file(format!("{}: {error}", path.display())),
        })
    }

    /// Reads it, unless others could.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let wrong = |why: String| Failure::key_file(format!("{}: {why}", path.display()));
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let metadata = file.metadata().map_err(|error| wrong(error.to_string()))?;
        refuse_shared(path, &metadata)?;
        let mut text = String::new();
        file.take(LARGEST_FILE).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| wrong(format!("not a key file of version {VERSION}: {error}")))
    }
}

impl Header {
    /// A file from elsewhere may neither weaken the key derivation nor eat the machine's memory.
    fn check(&self) -> Result {
        let expected = Kdf { name: "scrypt".into(), log_n: LOG_N, r: R, p: P, salt: self.kdf.salt };
        if self.version != VERSION || self.kdf != expected || self.cipher.name != "aes-256-gcm" {
            return Err(Failure::key_file(
                "this key file asks for another version or other parameters than this program's",
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

pub(crate) fn already_there(path: &Path) -> Failure {
    Failure::key_file(format!(
        "{} is there already and is never overwritten; take another name with --as",
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
mod tests {
    use std::fs;

    use super::*;
    use crate::failure::Kind;

    const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

    fn sealed() -> KeyFile {
        KeyFile::seal(PHRASE, 3, "0xAb", "secret").unwrap()
    }

    #[test]
    fn the_right_password_gives_the_phrase_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("people/ana/key.json");
        sealed().create(&path).unwrap();
        let read = KeyFile::read(&path).unwrap();
        assert_eq!(read.open("secret").unwrap().trim_end(), PHRASE);
        assert_eq!((read.header.account, read.header.address.as_str()), (3, "0xAb"));
        assert_eq!(read.ciphertext.len(), PADDED + 16);
        assert_eq!(read.open("Secret").unwrap_err().kind, Kind::KeyFile);
    }

    #[test]
    fn no_parameter_can_be_changed() {
        let json = serde_json::to_value(sealed()).unwrap();
        let changes: [(&str, serde_json::Value); 7] = [
            ("/header/version", 2.into()),
            ("/header/address", "0xCd".into()),
            ("/header/account", 4.into()),
            ("/header/kdf/log_n", 10.into()),
            ("/header/kdf/name", "none".into()),
            ("/header/cipher/nonce", "00".repeat(12).into()),
            ("/header/kdf/salt", "00".repeat(32).into()),
        ];
        for (field, value) in changes {
            let mut changed = json.clone();
            *changed.pointer_mut(field).unwrap() = value;
            let file: KeyFile = serde_json::from_value(changed).unwrap();
            assert_eq!(file.open("secret").unwrap_err().kind, Kind::KeyFile, "{field}");
        }
    }

    #[test]
    fn a_key_file_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.json");
        fs::write(&path, "precious").unwrap();
        assert_eq!(sealed().create(&path).unwrap_err().kind, Kind::KeyFile);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it_and_a_shared_one_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("people/ana/key.json");
        sealed().create(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        for shared in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(shared)).unwrap();
            let failure = KeyFile::read(&path).unwrap_err();
            assert_eq!(failure.kind, Kind::KeyFile);
            assert!(failure.message.contains("chmod 600"), "{failure}");
        }
    }

    #[test]
    fn foreign_json_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.json");
        sealed().create(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for wrong in ["", "{}", &text.replace("\"version\"", "\"versions\""), &text[..text.len() - 20]] {
            fs::write(&path, wrong).unwrap();
            assert_eq!(KeyFile::read(&path).unwrap_err().kind, Kind::KeyFile);
        }
    }
}
