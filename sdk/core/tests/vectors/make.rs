//! Makes the vectors of all formats below signed blocks.

use hospital_record_core::id::{Account, Confidentiality, DAG_PB, block_digest, cid_of};
use hospital_record_core::identity::{Keys, Seed};
use hospital_record_core::record::dag::{Block, DagBuilder};
use hospital_record_core::record::metadata::Metadata;
use hospital_record_core::seal::lock::Lock;
use hospital_record_core::seal::ratchet::FolderState;
use hospital_record_core::seal::stream::{self, ContentKey, StreamHeader};
use serde_json::{Value, json};

use crate::check;
use crate::dishonest::dishonest;
use crate::json::*;

pub type Vectors = Vec<(&'static str, String, Value)>;

pub fn all() -> Vectors {
    let makers = [derivation, ratchet, stream, lock, metadata, dag];
    makers.into_iter().flat_map(|make| make()).collect()
}

/// A name, and a change to the body of a block.
pub type Change<T> = (&'static str, fn(&mut T));

/// A vector that differs from another in one way.
pub fn with(vector: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut changed = vector.clone();
    change(&mut changed);
    changed
}

/// Flips one bit of the byte at `at` from the end of a hexadecimal field.
pub fn flip(field: &mut Value, at: usize) {
    let mut flipped = bytes(field);
    let at = flipped.len() - at;
    flipped[at] ^= 1;
    *field = json!(hex::encode(flipped));
}

fn derivation() -> Vectors {
    let phrase = [0x5e; 64];
    let ana = person(1);
    let (here, address) = (deployment(&ana), account(&ana["account"]));
    let elsewhere = with(&ana, |ana| ana["chain"] = json!(1));
    let mut vectors = vec![
        row("derivation", "opens_profile_and_folders", keys_of(&ana)),
        row("derivation", "opens_the_same_seed_on_another_chain", keys_of(&elsewhere)),
        row("derivation", "opens_the_second_profile", keys_of(&with(&ana, |ana| ana["sequence"] = json!(1)))),
    ];
    for index in [0, 1] {
        let public = Keys::derive(&Seed::from_bip39(&phrase, index), here, address).profile_keys(0).public().key_id();
        let mut seed = ana.clone();
        let info = [b"hospital-record/v1/seed".as_slice(), &index.to_be_bytes()].concat();
        let mut output = [0; 32];
        hkdf::Hkdf::<sha2::Sha256>::new(None, &phrase).expand(&info, &mut output).unwrap();
        seed["seed"] = json!(hex::encode(output));
        let vector = json!({ "bip39_seed": hex::encode(phrase), "index": index, "key_id": hex::encode(public.0), "person": seed });
        vectors.push(row("derivation", &format!("opens_phrase_with_index_{index}"), vector));
    }
    let keys = keys(&ana);
    let note = json!({ "person": ana, "note": { "context": hex::encode("lee"), "text": "Dr Lee, 心臓", 
        "sealed": hex::encode(keys.note_seal(b"lee", "Dr Lee, 心臓").unwrap()) } });
    vectors.push(row(
        "derivation",
        "fails_note_of_another_context",
        with(&note, |note| note["note"]["context"] = json!(hex::encode("kim"))),
    ));
    vectors.push(row("derivation", "fails_note_of_another_account", with(&note, |note| note["person"] = person(2))));
    vectors.push(row("derivation", "fails_note_truncated", with(&note, |note| note["note"]["sealed"] = json!("00"))));
    vectors.push(row("derivation", "opens_note", note));
    let local = json!({ "person": ana, "local": { "context": hex::encode("cache"), "plain": "00ff",
        "sealed": hex::encode(keys.local_seal(b"cache", &[0, 255]).unwrap()) } });
    vectors.push(row(
        "derivation",
        "fails_local_data_flipped",
        with(&local, |local| flip(&mut local["local"]["sealed"], 1)),
    ));
    vectors.push(row("derivation", "opens_local_data", local));
    vectors
}

pub fn row(format: &'static str, name: &str, vector: Value) -> (&'static str, String, Value) {
    (format, name.to_owned(), vector)
}

fn keys_of(person: &Value) -> Value {
    let (keys, public) = (keys(person), profile_keys(person).public().clone());
    let names = [("personal", "N"), ("personal", "V"), ("  Cafe\u{301} ", "N"), ("Caf\u{e9}", "N"), ("", "U")];
    let number = |(name, code): &(&str, &str)| keys.folder(name, code.parse::<Confidentiality>().unwrap()).number();
    let folders = names.iter().map(|row| json!({ "name": row.0, "confidentiality": row.1, "number": number(row) }));
    let first = keys.folder("personal", Confidentiality::N);
    let states = [0, 1, 256, 65_535].map(|epoch| {
        let state = hex::encode(keys.folder_state(first, epoch).expose_secret());
        json!({ "folder": first.number(), "epoch": epoch, "state": state })
    });
    json!({ "person": person, "hpke_public": hex::encode(public.hpke.as_bytes()), "key_id": hex::encode(public.key_id().0),
        "ed25519_public": hex::encode(public.ed25519), "folders": folders.collect::<Vec<_>>(), "states": states })
}

fn ratchet() -> Vectors {
    let held = FolderState::from_bytes(300, [0x77; 32]);
    let at = [300, 299, 0].map(|epoch| {
        let state = held.at(epoch).unwrap();
        let key_id = hex::encode(state.public_key().key_id().0);
        json!({ "epoch": epoch, "state": hex::encode(state.expose_secret()), "key_id": key_id })
    });
    let vector = json!({ "epoch": 300, "state": hex::encode([0x77; 32]), "at": at });
    let later = with(&vector, |vector| vector["at"][0]["epoch"] = json!(301));
    vec![row("ratchet", "opens_earlier_epochs", vector), row("ratchet", "fails_later_epoch", later)]
}

fn stream_of(length: usize) -> Value {
    let mut header = [0x33; 40];
    header[0] = 0x28;
    let key = ContentKey::from_bytes([0x44; 32]);
    let mut vector = json!({ "key": hex::encode([0x44; 32]), "commitment": hex::encode(key.commitment()),
        "header": hex::encode(header), "plain_len": length });
    let sealed = check::sealed(&vector);
    vector["ciphertext_sha256"] = json!(hex::encode(block_digest(&sealed).0));
    if length < 1024 {
        vector["ciphertext"] = json!(hex::encode(sealed));
    }
    vector
}

fn stream() -> Vectors {
    let mib = 1 << 20;
    let names = [
        (0, "empty"),
        (1, "one_byte"),
        (mib - 56, "one_full_segment"),
        (mib - 55, "one_byte_in_a_second_segment"),
        (2 * mib - 72, "two_full_segments"),
        (3 * mib, "three_segments_and_a_little"),
    ];
    let mut vectors: Vectors =
        names.iter().map(|(length, name)| row("stream", &format!("opens_{name}"), stream_of(*length))).collect();
    let small = with(&stream_of(5), |small| drop(small.as_object_mut().unwrap().remove("ciphertext")));
    let large = stream_of(3 * mib);
    let end = stream::ciphertext_len(3 * mib as u64) as usize;
    let pieces = |large: &Value, ranges: Value| with(large, |large| large["pieces"] = ranges);
    let wrong = hex::encode([0x45; 32]);
    vectors.extend([
        row("stream", "fails_wrong_key", with(&small, |small| small["open_with"] = json!(wrong))),
        row("stream", "fails_flipped_salt", with(&small, |small| small["flip"] = json!(1))),
        row("stream", "fails_flipped_header_length", with(&small, |small| small["flip"] = json!(0))),
        row("stream", "fails_flipped_nonce_prefix", with(&small, |small| small["flip"] = json!(39))),
        row("stream", "fails_flipped_ciphertext", with(&small, |small| small["flip"] = json!(40))),
        row("stream", "fails_flipped_tag", with(&small, |small| small["flip"] = json!(60))),
        row("stream", "fails_header_only", pieces(&small, json!([[0, 40]]))),
        row("stream", "fails_nothing_at_all", pieces(&small, json!([]))),
        row("stream", "fails_truncated_by_a_byte", pieces(&small, json!([[0, 60]]))),
        row("stream", "fails_truncated_at_a_segment", pieces(&large, json!([[0, 2 * mib]]))),
        row(
            "stream",
            "fails_segments_swapped",
            pieces(&large, json!([[0, mib], [2 * mib, 3 * mib], [mib, 2 * mib], [3 * mib, end]])),
        ),
        row("stream", "fails_segment_dropped", pieces(&large, json!([[0, mib], [2 * mib, end]]))),
        row("stream", "fails_segment_repeated", pieces(&large, json!([[0, 2 * mib], [mib, end]]))),
        row("stream", "fails_trailing_bytes", pieces(&large, json!([[0, end], [0, 100]]))),
    ]);
    vectors
}

fn lock() -> Vectors {
    let key = ContentKey::from_bytes([0x44; 32]);
    let (ana, lee) = (person(1), person(2));
    let held = FolderState::from_bytes(7, [0x77; 32]);
    let context = json!({ "chain": 31337, "contract": ana["contract"], "patient": ana["account"], "author": lee["account"],
        "folder": 123_456_789, "epoch": 7, "commitment": hex::encode(key.commitment()) });
    let cbor = |lock: Lock| json!(hex::encode(serde_ipld_dagcbor::to_vec(&lock).unwrap()));
    let folder = json!({ "context": context, "folder_state": { "epoch": 7, "state": hex::encode([0x77; 32]) },
        "lock": cbor(Lock::folder(&lock_context(&context), &held.public_key(), &key).unwrap()),
        "content_key": hex::encode([0x44; 32]) });
    let to = profile_keys(&ana).public().hpke.clone();
    let account = Lock::account(&lock_context(&context), Account(array(&ana["account"])), &to, &key).unwrap();
    let account =
        json!({ "context": context, "recipient": ana, "lock": cbor(account), "content_key": hex::encode([0x44; 32]) });
    let mut vectors = vec![row("lock", "opens_folder", folder.clone()), row("lock", "opens_account", account.clone())];
    let other = [
        ("patient", lee["account"].clone()),
        ("author", ana["account"].clone()),
        ("folder", json!(1)),
        ("chain", json!(1)),
        ("contract", json!(hex::encode([0xcd; 20]))),
        ("epoch", json!(6)),
        ("commitment", json!(hex::encode([0; 32]))),
    ];
    for (field, value) in other {
        let changed = with(&folder, |folder| folder["context"][field] = value);
        vectors.push(row("lock", &format!("fails_other_{field}"), changed));
    }
    let later = json!({ "epoch": 8, "state": hex::encode([0x77; 32]) });
    let earlier = json!({ "epoch": 6, "state": hex::encode(held.at(6).unwrap().expose_secret()) });
    vectors.extend([
        row("lock", "fails_state_of_another_folder", with(&folder, |folder| folder["folder_state"] = later)),
        row("lock", "fails_state_of_an_earlier_epoch", with(&folder, |folder| folder["folder_state"] = earlier)),
        row("lock", "fails_other_recipient", with(&account, |account| account["recipient"] = lee)),
        row("lock", "fails_flipped", with(&folder, |folder| flip(&mut folder["lock"], 1))),
        row("lock", "fails_another_key_than_committed", dishonest(&folder)),
    ]);
    vectors
}

fn metadata() -> Vectors {
    let key = ContentKey::from_bytes([0x44; 32]);
    let header = StreamHeader::from_bytes(&[&[0x28], [0x33; 39].as_slice()].concat()).unwrap();
    let full = Metadata {
        name: "心電図 2026-01-31.pdf".into(),
        media_type: "application/pdf".into(),
        created: Some(-1),
        added: 1_800_000_000,
        document_type: Some("11524-6".into()),
        confidentiality: Confidentiality::R,
        folder_name: "cardiology".into(),
        keywords: vec!["ecg".into(), "rest".into()],
        title: Some("ECG".into()),
        description: Some("x".repeat(600)),
    };
    let vector = |metadata: &Metadata| {
        let sealed = metadata.seal(&key, &header).unwrap();
        json!({ "key": hex::encode([0x44; 32]), "header": hex::encode(header.as_bytes()),
            "sealed": hex::encode(serde_ipld_dagcbor::to_vec(&sealed).unwrap()), "metadata": metadata })
    };
    let (full, small) = (vector(&full), vector(&Metadata::default()));
    let wrong = json!(hex::encode([&[0x28], [0x34; 39].as_slice()].concat()));
    vec![
        row("metadata", "fails_wrong_key", with(&small, |small| small["key"] = json!(hex::encode([0x45; 32])))),
        row("metadata", "fails_header_of_another_stream", with(&small, |small| small["header"] = wrong)),
        row("metadata", "fails_flipped", with(&small, |small| flip(&mut small["sealed"], 100))),
        row("metadata", "opens_every_field", full),
        row("metadata", "opens_defaults", small),
    ]
}

fn dag() -> Vectors {
    let kubo = [
        (
            "opens_one_full_leaf",
            1 << 20,
            "chunk-v1-seed",
            "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta",
        ),
        (
            "opens_one_leaf_and_a_byte",
            (1 << 20) + 1,
            "chunk-v1-seed",
            "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64",
        ),
        ("opens_one_full_node", 1 << 30, "v1-2025-seed", "bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm"),
        (
            "opens_one_full_node_and_a_byte",
            (1 << 30) + 1,
            "v1-2025-seed",
            "bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe",
        ),
    ];
    let bytes_of = |(name, size, seed, root): (&str, u64, &str, &str)| {
        row("dag", name, json!({ "size": size, "seed": seed, "root": root }))
    };
    let mut vectors: Vectors = kubo.into_iter().map(bytes_of).collect();
    vectors.push(row("dag", "fails_empty", json!({ "size": 0, "seed": "", "root": "" })));
    let mut builder = DagBuilder::new();
    let sizes = [1 << 20, 1 << 20, 12_345];
    let leaves: Vec<_> = sizes.iter().map(|size| Block::leaf(vec![7; *size as usize]).cid).collect();
    for (leaf, size) in leaves.iter().zip(sizes) {
        builder.push_leaf(*leaf, size).unwrap();
    }
    let built = builder.finish().unwrap();
    let node = &built.blocks[0].bytes;
    let leaves: Vec<_> = leaves.iter().map(ToString::to_string).collect();
    let walk = |node: &[u8], size: u64| {
        let root = cid_of(DAG_PB, node).to_string();
        json!({ "size": size, "root": root, "blocks": { root: hex::encode(node) }, "leaves": leaves })
    };
    let mut resized = node.to_vec();
    *resized.last_mut().unwrap() ^= 1;
    let whole = walk(node, built.total);
    let root = built.root.to_string();
    vectors.extend([
        row("dag", "fails_another_size", walk(node, built.total - 1)),
        row("dag", "fails_sizes_that_do_not_add_up", walk(&resized, built.total)),
        row("dag", "fails_truncated_node", walk(&node[..node.len() - 1], built.total)),
        row("dag", "fails_node_of_another_cid", with(&whole, |whole| flip(&mut whole["blocks"][&root], 9))),
        row("dag", "opens_three_leaves", whole),
    ]);
    vectors
}
