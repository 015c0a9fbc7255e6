//! The other process: it has the keys, and answers.

use std::{
    fs::OpenOptions,
    io::{self, BufRead, Read, Write},
    path::Path,
};

use base64ct::{Base64, Encoding};
use hospital_record::node::messages::Bytes;
use hospital_record_core::{error::LoginError, vault::opaque::ServerKeys};
use zeroize::Zeroizing;

use crate::{
    login::keys::{Answer, Id, LONGEST, Numbered, Question},
    secret,
};

/// The start of a key file.
const SCHEME: &str = "hospital-record-login-keys:1:";

/// The whole of the other process. It makes the key file if that `is_new` and missing.
pub(crate) fn hold(key_file: &Path, is_new: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let made = if is_new && !key_file.exists() { make(key_file) } else { Ok(()) };
    let keys = match made.and_then(|()| open(key_file)) {
        Ok(keys) => keys,
        Err(error) => {
            writeln!(out, "{error}")?;
            return Err(io::Error::other(error));
        }
    };
    writeln!(out, "ready {}", Bytes::from(keys.fingerprint()))?;
    out.flush()?;
    serve(&keys, &mut io::stdin().lock(), &mut out)
}

/// Answers until the end of the questions. What is no whole question ends it too.
fn serve(keys: &ServerKeys, input: &mut impl BufRead, out: &mut impl Write) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let Numbered { number, what } = serde_json::from_slice(&line).map_err(|_| io::ErrorKind::InvalidData)?;
        serde_json::to_writer(&mut *out, &Numbered { number, what: answer(keys, &what) })?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
}

pub(super) fn answer(keys: &ServerKeys, question: &Question) -> Answer {
    let id = |id: &Bytes| Id::try_from(id.as_ref()).map_err(|_| LoginError::Message("id"));
    let made = match question {
        Question::Id { kind, name } => Ok(vec![Bytes::from(keys.id(kind, name))]),
        Question::Register { id: of, request } => {
            id(of).and_then(|id| keys.register(&id, request)).map(|answer| vec![answer.into()])
        }
        Question::LogIn { id: of, record, request, host } => id(of)
            .and_then(|id| keys.log_in(&id, record.as_ref().map(AsRef::as_ref), request, host))
            .map(|(answer, state)| vec![answer.into(), state.into()]),
    };
    made.map_or_else(|error| Answer::Malformed(error.to_string()), Answer::Pieces)
}

fn open(key_file: &Path) -> Result<ServerKeys, String> {
    let text = secret::read("login keys", key_file)?;
    let mut bytes = Zeroizing::new([0; ServerKeys::LENGTH]);
    let keys = text.trim().strip_prefix(SCHEME).and_then(|keys| {
        let read = Base64::decode(keys, &mut *bytes).ok()?;
        ServerKeys::from_bytes(read).ok()
    });
    keys.ok_or_else(|| format!("the login keys {}: this is no file of login keys", key_file.display()))
}

/// Makes a key file that only its owner reads; on disk before anything depends on it.
fn make(key_file: &Path) -> Result<(), String> {
    let keys = ServerKeys::random().map_err(|error| error.to_string())?;
    let mut text = Zeroizing::new([0; 4 * ServerKeys::LENGTH]);
    let text = Base64::encode(&keys.to_bytes(), &mut *text).map_err(|error| error.to_string())?;
    let write = || -> io::Result<()> {
        let folder = key_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(key_file)?;
        for part in [SCHEME, text, "\n"] {
            file.write_all(part.as_bytes())?;
        }
        file.sync_all()?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn key_file_is_made_once_private_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login.key");
        make(&path).unwrap();
        assert!(make(&path).is_err(), "never overwritten");
        let fingerprint = open(&path).unwrap().fingerprint();
        assert_eq!(open(&path).unwrap().fingerprint(), fingerprint);
        #[cfg(unix)]
        {
            use std::{fs, os::unix::fs::PermissionsExt};
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(open(&path).err().unwrap().contains("chmod 600"));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        for text in ["", "hospital-record-login-keys:1:", "hospital-record-login-keys:1:MDA=", "something"] {
            std::fs::write(&path, text).unwrap();
            let error = open(&path).err().unwrap();
            assert!(error.contains("no file of login keys") && !error.contains("MDA="), "{error}");
        }
    }

    #[test]
    fn malformed_questions_get_an_answer() {
        let keys = ServerKeys::random().unwrap();
        let bytes = |length: usize| Bytes::from(vec![7; length]);
        for question in [
            Question::Register { id: bytes(31), request: bytes(32) },
            Question::Register { id: bytes(32), request: bytes(5) },
            Question::LogIn { id: bytes(32), record: Some(bytes(3)), request: bytes(96), host: String::new() },
            Question::LogIn { id: bytes(32), record: None, request: Bytes::new(), host: String::new() },
        ] {
            assert!(matches!(answer(&keys, &question), Answer::Malformed(_)), "{question:?}");
        }
    }

    #[test]
    fn answers_have_the_number_of_their_question_and_half_a_question_ends_all() {
        let keys = ServerKeys::random().unwrap();
        let ask = |number: u64, name: &str| {
            let what = Question::Id { kind: "name".into(), name: Bytes::from(name.as_bytes().to_vec()) };
            serde_json::to_string(&Numbered { number, what }).unwrap() + "\n"
        };
        let served = |input: String| {
            let mut out = Vec::new();
            let ended = serve(&keys, &mut input.as_bytes(), &mut out);
            (ended.is_ok(), String::from_utf8(out).unwrap())
        };
        let (ended, out) = served(ask(3, "ana") + &ask(7, "ben"));
        let answers: Vec<Numbered<Answer>> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(ended && matches!(answers[..], [Numbered { number: 3, .. }, Numbered { number: 7, .. }]), "{out}");
        for wrong in ["x\n".to_owned(), ask(1, &"x".repeat(LONGEST)), ask(1, "ana").trim_end()[1..].to_owned()] {
            assert_eq!(served(wrong + &ask(2, "ben")), (false, String::new()));
        }
    }
}
