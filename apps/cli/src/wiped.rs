//! What stays in memory of a phrase and a password once they were used: nothing.

use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
};

use hospital_record::Identity;
use zeroize::Zeroizing;

use crate::{app::identity, key_file::KeyFile, password, verbs::init::farewell};

/// A secret that can be looked for without being there.
struct Masked(Vec<u8>);

const MASK: u8 = 0x5a;
/// Bytes of a secret in a row that are no accident.
const PIECE: usize = 16;

impl Masked {
    fn of(secret: &str) -> Self {
        Self(secret.bytes().map(|byte| byte ^ MASK).collect())
    }

    /// Which piece of it is in these bytes.
    fn found_in(&self, memory: &[u8]) -> Option<usize> {
        let pieces = self.0.windows(PIECE).enumerate().step_by(PIECE);
        let fits = |piece: &[u8], at: &[u8]| piece.iter().zip(at).all(|(masked, byte)| masked ^ MASK == *byte);
        pieces.filter(|(_, piece)| memory.windows(PIECE).any(|at| fits(piece, at))).map(|(place, _)| place).next()
    }
}

/// All memory of this process that can have been written to.
fn search(secrets: &[&Masked]) -> Vec<String> {
    let (maps, memory) = (fs::read_to_string("/proc/self/maps").unwrap(), File::open("/proc/self/mem").unwrap());
    let mut found = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = Zeroizing::new(vec![0; (to - from) as usize]);
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            found.extend(
                secrets.iter().filter_map(|secret| Some(format!("{line}: piece at {}", secret.found_in(&bytes)?))),
            );
        }
    }
    found
}

/// As `init`, `password` and every verb after them do.
fn use_once(dir: &Path) -> [Masked; 2] {
    let mut random = [0; 16];
    getrandom::fill(&mut random).unwrap();
    let mut secret = Zeroizing::new(String::with_capacity(64));
    random.iter().for_each(|byte| secret.push_str(&format!("{byte:02x}")));
    let file = dir.join("password");
    fs::write(&file, secret.as_bytes()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();

    let (_, phrase) = Identity::generate().unwrap();
    let masked = [Masked::of(phrase.reveal()), Masked::of(&secret)];
    let new = password::new(Some(&file), "ana", password::CURRENT).unwrap();
    let path = dir.join("key.json");
    KeyFile::seal(phrase.reveal(), 0, "0xAb", &new).unwrap().create(&path).unwrap();
    assert!(farewell(phrase.reveal()).contains("recovery phrase"));

    let key_file = KeyFile::read(&path).unwrap();
    let opened = key_file.open(&password::existing(Some(&file), "ana").unwrap()).unwrap();
    identity(&opened, 0).unwrap();
    key_file.sealed_again(&opened, &new).unwrap();
    masked
}

#[test]
fn nothing_of_a_phrase_or_password_stays_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let [phrase, password] = use_once(dir.path());
    let there = Zeroizing::new(String::from("a secret that is still there"));
    assert!(!search(&[&Masked::of(&there)]).is_empty(), "the search finds what is there");
    assert_eq!(search(&[&phrase, &password]), Vec::<String>::new());
}
