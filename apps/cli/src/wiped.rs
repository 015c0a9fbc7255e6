//! Tests that no copy of a phrase or a password stays in memory after use.

use std::{
    fs::{self, File},
    io::{BufRead, Read},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
};

use hospital_record::Identity;
use zeroize::Zeroizing;

use crate::{
    app::identity,
    key_file::KeyFile,
    password,
    verbs::init::{ABOUT_IT, farewell},
};

/// A masked secret: tests can search memory for it without adding a copy.
struct Masked(Vec<u8>);

const MASK: u8 = 0x5a;
/// A run of a secret's bytes that is not a coincidence.
const PIECE: usize = 16;
/// Bytes of memory that are read at once.
const CHUNK: usize = 1 << 16;
/// Larger regions are left out: key derivations of other tests, and [`OWN`], which holds every hit a second time.
const LARGEST: u64 = 32 << 20;
/// So large that the allocator always gives it separate pages.
const OWN: usize = 40 << 20;

impl Masked {
    fn of(secret: &str) -> Self {
        Self(secret.bytes().map(|byte| byte ^ MASK).collect())
    }

    /// The number of copies in writable memory: the highest count among three pieces of it.
    fn copies(&self) -> usize {
        let (mut own, zeros, mut counts) = (vec![0; OWN], vec![0; CHUNK + PIECE], [0; 3]);
        // In one piece, like the rest: what grew here would write over what was left behind.
        let (mut maps, memory) = (String::with_capacity(1 << 20), File::open("/proc/self/mem").unwrap());
        File::open("/proc/self/maps").unwrap().read_to_string(&mut maps).unwrap();
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
            for at in (from..to).step_by(CHUNK).filter(|_| to - from < LARGEST) {
                let chunk = &mut own[..(CHUNK + PIECE - 1).min((to - at) as usize)];
                let zeros = &zeros[..chunk.len()];
                if memory.read_exact_at(chunk, at).is_ok() && chunk != zeros {
                    self.count(chunk, &mut counts);
                }
                chunk.copy_from_slice(zeros);
            }
        }
        counts.into_iter().max().unwrap_or_default()
    }

    fn count(&self, memory: &[u8], counts: &mut [usize; 3]) {
        let last = self.0.len() - PIECE;
        for (from, count) in [0, last / 2, last].into_iter().zip(counts) {
            let piece = &self.0[from..from + PIECE];
            let mut rest = memory;
            while rest.skip_until(piece[0] ^ MASK).unwrap() > 0 {
                let same = |(masked, byte): (&u8, &u8)| masked ^ MASK == *byte;
                *count += usize::from(rest.len() >= PIECE - 1 && piece[1..].iter().zip(rest).all(same));
            }
        }
    }
}

/// A heap with holes, so that growing data has to move, and leaves a copy behind.
fn holes() -> Vec<Vec<u8>> {
    // More of each size than a thread keeps apart for itself.
    let sizes = (1..90).flat_map(|size| [16 * size; 24]);
    let mut blocks: Vec<Vec<u8>> = sizes.map(|size| vec![0; size]).collect();
    let mut place = 0;
    blocks.retain(|_| {
        place += 1;
        place % 2 == 0
    });
    blocks
}

/// Long, so that what is left of it is not soon written over.
fn new_password(dir: &Path) -> (PathBuf, Masked) {
    let mut random = [0; 300];
    getrandom::fill(&mut random).unwrap();
    let mut secret = Zeroizing::new(String::with_capacity(600));
    random.iter().for_each(|byte| secret.push_str(&format!("{byte:02x}")));
    let file = dir.join("password");
    fs::write(&file, secret.as_bytes()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    (file, Masked::of(&secret))
}

#[test]
fn no_copy_of_a_password_stays_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let (file, masked) = new_password(dir.path());
    assert_eq!(masked.copies(), 0);
    let _holes = holes();
    let new = password::new(Some(&file), "ana", password::CURRENT).unwrap();
    let known = password::existing(Some(&file), "ana").unwrap();
    assert_eq!(masked.copies(), 2, "these two");
    KeyFile::seal("a phrase", 0, "0xAb", &new).unwrap().open(&known).unwrap();
    drop((new, known));
    assert_eq!(masked.copies(), 0);
}

#[test]
fn no_copy_of_a_phrase_stays_in_memory() {
    let _holes = holes();
    let (_, phrase) = Identity::generate().unwrap();
    let masked = Masked::of(phrase.reveal());
    assert_eq!(masked.copies(), 1, "when it was made");
    // Without the words before it: other tests of this process read the sources, where these stand too.
    let shown = Masked::of(farewell(phrase.reveal()).strip_prefix(ABOUT_IT).unwrap());
    assert_eq!(shown.copies(), 0, "when it was shown");
    let sealed = KeyFile::seal(phrase.reveal(), 0, "0xAb", "secret words").unwrap();
    drop(phrase);
    assert_eq!(masked.copies(), 0, "when it was sealed");
    let opened = sealed.open("secret words").unwrap();
    assert_eq!(masked.copies(), 1, "when it was opened");
    let identity = identity(&opened, 0).unwrap();
    assert_eq!(masked.copies(), 1, "when keys were derived from it");
    let again = sealed.sealed_again(&opened, "other words").unwrap();
    drop(opened);
    assert_eq!(masked.copies(), 0, "when it was sealed again");
    drop((identity, sealed, again));
}
