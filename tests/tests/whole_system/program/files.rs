//! Files on their way in and out.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use hospital_record_tests::{
    data::{self, MIB},
    process::tool,
    program::{field, peak_memory},
};

use super::{added, anas_computer};

#[test]
fn output_is_never_overwritten_unless_forced() {
    let computer = anas_computer();
    let id = added(&computer, "note.txt", "recorded");
    computer.file("note.txt", "precious");
    let ran = computer.run_json("ana", &["open", &id]);
    assert!(matches!(ran.code, Some(1 | 2)), "{ran:?}");
    assert_eq!(fs::read(computer.desk().join("note.txt")).unwrap(), b"precious");
    computer.json("ana", &["open", &id, "--force"]);
    assert_eq!(fs::read(computer.desk().join("note.txt")).unwrap(), b"recorded");
}

#[test]
fn stdout_gets_the_bytes_alone_and_ranges_are_half_open() {
    let computer = anas_computer();
    let whole = data::bytes("range", 2 * MIB);
    let id = added(&computer, "range.bin", &whole);
    let out = |range: &str| computer.run(["--as", "ana", "open", &id, "-o", "-", "--range", range]).stdout;
    assert!(computer.run(["--as", "ana", "open", &id, "-o", "-"]).stdout == whole);
    assert!(out("0..1024") == whole[..1024]);
    assert!(out("1048500..1048600") == whole[1_048_500..1_048_600]);
    assert!(out("2097000..") == whole[2_097_000..]);
    computer.run_json("ana", &["open", &id, "--range", "5..2097153"]).refused(2, "usage");
}

#[test]
fn hostile_recorded_names_stay_in_the_folder_and_off_the_terminal() {
    let computer = anas_computer();
    let names = [
        "../../escape.txt",
        "/etc/evil",
        "..",
        "line\nbreak",
        "\u{1b}[31mred\u{1b}]0;owned\u{7}",
        "\u{202e}fdp.exe",
        "-rf",
    ];
    for name in names {
        let add = ["--as", "ana", "--json", "add", "-", "--name", name].map(str::to_owned);
        let add = if name.starts_with('-') { [&add[..5], &[format!("--name={name}")]].concat() } else { add.to_vec() };
        let id = field(&computer.run_with(name.as_bytes(), add).objects()[0], "id");
        let output = field(&computer.json("ana", &["open", &id])[0], "output");
        assert_eq!(fs::read(computer.desk().join(&output)).unwrap(), name.as_bytes());
        assert!(!output.contains(['/', '\n', '\u{1b}', '\u{202e}']) && !output.starts_with('-'), "{output:?}");
    }
    assert_eq!(fs::read_dir(computer.desk()).unwrap().count(), names.len());
    let listed = computer.run(["--as", "ana", "list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(!listed.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{listed:?}");
}

#[test]
fn strange_names_of_input_files_are_recorded_as_they_are() {
    let computer = anas_computer();
    for name in ["Überweisung – 中村 🫀.pdf", "-rf", "two words.txt", "line\nbreak.txt"] {
        added(&computer, name, name);
    }
    let names: Vec<_> = computer.json("ana", &["list"]).iter().map(|record| field(record, "name")).collect();
    assert_eq!(names, ["line\nbreak.txt", "two words.txt", "-rf", "Überweisung – 中村 🫀.pdf"]);
}

#[test]
fn files_share_a_transaction_and_keep_their_own_types() {
    let computer = anas_computer();
    for (name, content) in [("a.txt", "text\n"), ("b.pdf", "%PDF-1.4\n"), ("c.json", "{}"), ("d.txt", "text\n")] {
        computer.file(name, content);
    }
    let records = computer.json("ana", &["add", "a.txt", "b.pdf", "c.json", "d.txt"]);
    let told = |name: &str| records.iter().map(|record| field(record, name)).collect::<Vec<_>>();
    assert_eq!(told("name"), ["a.txt", "b.pdf", "c.json", "d.txt"]);
    let types = ["text/plain", "application/pdf", "application/json", "text/plain"];
    assert_eq!(told("media_type"), types);
    assert!(records.iter().all(|record| record["tx"] == records[0]["tx"]));
    let listed = computer.json("ana", &["list"]);
    assert_eq!(listed.iter().rev().map(|record| field(record, "media_type")).collect::<Vec<_>>(), types);
}

#[test]
fn bundle_has_the_same_bytes_whenever_it_is_made() {
    let computer = anas_computer();
    let study = computer.desk().join("study");
    fs::create_dir_all(study.join("series")).unwrap();
    fs::copy(data::sample("ct-chest.dcm"), study.join("series/1.dcm")).unwrap();
    fs::write(study.join("DICOMDIR"), "index").unwrap();
    let bundle = || {
        let id = field(&computer.json("ana", &["add", "--bundle", "study"])[0], "id");
        computer.run(["--as", "ana", "open", &id, "-o", "-"]).stdout
    };
    let first = bundle();
    thread::sleep(Duration::from_millis(1100));
    fs::write(study.join("DICOMDIR"), "index").unwrap();
    assert!(first == bundle());
    let mut list = Command::new("tar").args(["-tf", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    list.stdin.take().unwrap().write_all(&first).unwrap();
    let listed = String::from_utf8(list.wait_with_output().unwrap().stdout).unwrap();
    assert!(listed.contains("series/1.dcm") && listed.contains("DICOMDIR"), "{listed}");
}

#[test]
fn full_disk_is_an_error_and_leaves_no_file() {
    let computer = anas_computer();
    let id = added(&computer, "large.bin", data::bytes("large", 12 * MIB));
    fs::remove_file(computer.desk().join("large.bin")).unwrap();
    // No file may become larger than 8 MiB: to the program, a disk that is full.
    let mut limited = Command::new("sh");
    let open = computer.command(["--as", "ana", "--json", "open", &id]);
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 16384; exec \"$@\"", "sh"])
        .arg(open.get_program())
        .args(open.get_args());
    limited.current_dir(computer.desk());
    limited.envs(open.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = limited.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(computer.desk()).unwrap().count(), 0);

    let full = File::options().write(true).open("/dev/full");
    if let Ok(full) = full {
        let status = computer.command(["--as", "ana", "open", &id, "-o", "-"]).stdout(full).status().unwrap();
        assert_eq!(status.code(), Some(1));
    }
}

#[test]
fn three_hundred_mebibytes_need_no_more_memory_than_one() {
    let computer = anas_computer();
    let path = computer.file("small.bin", data::bytes("small", MIB));
    let small = add_and_watch(&computer, &path).1;
    let large = computer.desk().join("large.bin");
    let (block, mut file) = (data::bytes("large", MIB), File::create(&large).unwrap());
    for number in 0..300u32 {
        // No two blocks are alike.
        file.write_all(&number.to_be_bytes()).unwrap();
        file.write_all(&block[4..]).unwrap();
    }
    drop(file);
    let (id, peak) = add_and_watch(&computer, &large);
    if let (Some(small), Some(peak)) = (small, peak) {
        assert!(peak < small + 64 * MIB as u64, "{small} bytes for 1 MiB, {peak} for 300");
    }
    computer.json("ana", &["open", &id, "-o", "copy.bin"]);
    let same = Command::new("cmp").args(["large.bin", "copy.bin"]).current_dir(computer.desk()).status().unwrap();
    assert!(same.success());
}

/// The record's id, and the most memory that adding it took.
fn add_and_watch(computer: &hospital_record_tests::program::Computer, path: &Path) -> (String, Option<u64>) {
    let mut child = computer.command(["--as", "ana", "--json", "add", path.to_str().unwrap()]).spawn().unwrap();
    let mut peak = None;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(peak_memory(&child));
        thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (field(&serde_json::from_slice(&output.stdout).unwrap(), "id"), peak)
}

#[test]
fn exported_record_opens_with_google_tink() {
    let computer = anas_computer();
    let whole = data::bytes("export", 2 * MIB + 11);
    let id = added(&computer, "export.bin", &whole);
    let exported = &computer.json("ana", &["open", &id, "--export", "out"])[0];
    let script = r#"
import sys, tink
from tink import cleartext_keyset_handle, streaming_aead
streaming_aead.register()
keyset, ciphertext, out = sys.argv[1:]
handle = cleartext_keyset_handle.read(tink.JsonKeysetReader(open(keyset).read()))
with handle.primitive(streaming_aead.StreamingAead).new_decrypting_stream(open(ciphertext, "rb"), b"") as stream:
    open(out, "wb").write(stream.read())
"#;
    let [keyset, ciphertext] = ["keyset", "ciphertext"].map(|name| computer.desk().join(field(exported, name)));
    let out = computer.desk().join("by-tink.bin");
    python(script, &[&keyset, &ciphertext, &out]);
    assert!(fs::read(out).unwrap() == whole);
}

#[test]
fn fetched_dicom_file_is_read_by_another_program() {
    let computer = anas_computer();
    let id = added(&computer, "scan.dcm", fs::read(data::sample("ct-chest.dcm")).unwrap());
    assert_eq!(computer.json("ana", &["list"])[0]["media_type"], "application/dicom");
    computer.json("ana", &["open", &id, "-o", "fetched.dcm"]);
    let script = r#"
import sys, pydicom
image = pydicom.dcmread(sys.argv[1])
assert (image.PatientID, image.Modality, image.Rows) == ("SYNTHETIC-1", "CT", 192), image
assert len(image.PixelData) == 192 * 192 * 2
"#;
    python(script, &[&computer.desk().join("fetched.dcm")]);
}

fn python(script: &str, args: &[&Path]) {
    let mut python = Command::new(tool("HOSPITAL_RECORD_PYTHON", "venv/bin/python"));
    let output = python.args(["-c", script]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
