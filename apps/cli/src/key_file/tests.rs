use std::fs;

use super::*;

const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

fn sealed() -> KeyFile {
    KeyFile::seal(PHRASE, 3, "0xAb", "secret").unwrap()
}

fn make(path: &Path) {
    sealed().stage(path).unwrap().create().unwrap().unwrap();
}

#[test]
fn right_password_opens_the_phrase() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("people/ana/key.json");
    make(&path);
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
    assert_eq!(sealed().stage(&path).unwrap().create().unwrap_err().kind, Kind::KeyFile);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it_and_a_shared_one_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("people/ana/key.json");
    make(&path);
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

/// A damaged file is not reported as missing, and the message says what to do.
#[test]
fn damaged_key_file_says_how_to_get_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.json");
    make(&path);
    let good = fs::read(&path).unwrap();
    let text = String::from_utf8(good.clone()).unwrap();
    let mut wrong = vec![
        Vec::new(),
        b"{}".to_vec(),
        b"null".to_vec(),
        vec![0; good.len()],
        vec![0xff; 40],
        text.replace("\"version\"", "\"versions\"").into_bytes(),
        text.replace("\"salt\": \"", "\"salt\": \"zz").into_bytes(),
        text.repeat(2).into_bytes(),
        vec![b' '; LARGEST_FILE as usize + 1],
    ];
    wrong.extend((1..good.len() - 2).step_by(37).map(|length| good[..length].to_vec()));
    for bytes in wrong {
        fs::write(&path, &bytes).unwrap();
        let failure = KeyFile::read(&path).unwrap_err();
        assert_eq!(failure.kind, Kind::KeyFile);
        let told = ["key.json", "restore it", "init --restore"];
        assert!(told.iter().all(|part| failure.message.contains(part)), "{failure}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(KeyFile::read(&path).unwrap_err().message.contains("init --restore"), "a folder");
}

#[test]
fn flipped_bits_of_a_key_file_give_no_other_phrase() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.json");
    make(&path);
    let good = fs::read(&path).unwrap();
    for place in (0..good.len()).step_by(29) {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        fs::write(&path, bytes).unwrap();
        match KeyFile::read(&path).and_then(|file| file.open("secret")) {
            Ok(phrase) => assert_eq!(phrase.trim_end(), PHRASE, "byte {place}"),
            Err(failure) => assert_eq!(failure.kind, Kind::KeyFile, "byte {place}"),
        }
    }
}

#[test]
fn second_of_two_password_changes_at_once_fails() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.json");
    make(&path);
    let before = KeyFile::read(&path).unwrap();
    let passwords = ["first words", "second words", "third words"];
    // One after the other: each takes 128 MiB.
    let staged = passwords.map(|password| before.sealed_again(PHRASE, password).unwrap().stage(&path).unwrap());
    let done = std::thread::scope(|scope| {
        let before = &before;
        staged.map(|staged| scope.spawn(move || staged.replace(before))).map(|thread| thread.join().unwrap())
    });
    let won: Vec<&str> =
        passwords.into_iter().zip(&done).filter(|(_, done)| done.is_ok()).map(|(won, _)| won).collect();
    let [won] = won[..] else { panic!("{won:?}") };
    assert_eq!(KeyFile::read(&path).unwrap().open(won).unwrap().trim_end(), PHRASE);
    for failure in done.into_iter().filter_map(Result::err) {
        assert!(failure.kind == Kind::Conflict && failure.message.contains("another program"), "{failure}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
}

#[cfg(unix)]
#[test]
fn password_change_waits_for_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.json");
    make(&path);
    let before = KeyFile::read(&path).unwrap();
    let staged = before.sealed_again(PHRASE, "other words").unwrap().stage(&path).unwrap();
    let other = File::open(dir.path()).unwrap();
    other.lock().unwrap();
    std::thread::scope(|scope| {
        let changing = scope.spawn(|| staged.replace(&before));
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(!changing.is_finished());
        other.unlock().unwrap();
        changing.join().unwrap().unwrap().unwrap();
    });
}
