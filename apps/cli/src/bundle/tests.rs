use super::*;
use tokio::io::AsyncReadExt;

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

async fn packed(dir: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut reader = Box::pin(Bundle::of(dir).unwrap().into_reader());
    reader.read_to_end(&mut bytes).await.map(|_| bytes)
}

#[tokio::test]
async fn bytes_of_a_bundle_depend_only_on_names_and_contents() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    let files: [(&str, &[u8]); 4] = [("b", b"2"), ("a/z", &[7; 700_000]), ("a.x", b""), (&long, b"long")];
    let one = folder(&files);
    let other = folder(&[files[3], files[2], files[1], files[0]]);
    let old = File::options().write(true).open(other.path().join("b")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let tar = packed(one.path()).await.unwrap();
    assert_eq!(tar, packed(other.path()).await.unwrap());
    assert_eq!(tar.len() % 512, 0);
    let mut archive = tar::Archive::new(&tar[..]);
    let names: Vec<_> =
        archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["a.x", "a/z", "b", &long]);
}

#[tokio::test]
async fn file_that_changes_shrinks_or_grows_ends_the_stream_with_an_error() {
    // More than the pipe holds: when the first bytes come out, the file is still being read.
    const SIZE: usize = 16 * CHUNK;
    for size in [10, SIZE, SIZE + 1] {
        let dir = folder(&[("a", &[0; SIZE]), ("b", b"x")]);
        let mut reader = Box::pin(Bundle::of(dir.path()).unwrap().into_reader());
        reader.read_exact(&mut [0; 512]).await.unwrap();
        fs::write(dir.path().join("a"), vec![1; size]).unwrap();
        let error = reader.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains("/a: "), "{size}: {error}");
    }
}

#[tokio::test]
async fn deleted_file_ends_the_stream_with_an_error() {
    let dir = folder(&[("a", b"1"), ("b", b"2")]);
    let bundle = Bundle::of(dir.path()).unwrap();
    fs::remove_file(dir.path().join("b")).unwrap();
    let mut bytes = Vec::new();
    let error = Box::pin(bundle.into_reader()).read_to_end(&mut bytes).await.unwrap_err();
    assert!(error.to_string().contains("/b: "), "{error}");
}

/// The size that the system reports for its own files is not that of their content.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn file_shorter_than_its_reported_size_ends_the_stream_with_an_error() {
    let dir = Path::new("/sys/kernel/mm/transparent_hugepage");
    if dir.join("enabled").metadata().is_ok_and(|file| file.len() > 0) {
        assert!(packed(dir).await.is_err());
    }
}

/// Its files, as they were before this happened.
#[cfg(unix)]
async fn packed_after(dir: &Path, happens: impl FnOnce()) -> io::Error {
    let bundle = Bundle::of(dir).unwrap();
    happens();
    Box::pin(bundle.into_reader()).read_to_end(&mut Vec::new()).await.unwrap_err()
}

#[cfg(unix)]
#[tokio::test]
async fn link_that_replaces_a_file_or_folder_is_not_followed() {
    use std::os::unix::fs::symlink;
    let secret = folder(&[("x", b"secret")]);
    let dir = folder(&[("a/x", b"1"), ("b", b"2")]);
    let (file, inner) = (dir.path().join("b"), dir.path().join("a"));
    let error = packed_after(dir.path(), || {
        fs::remove_file(&file).unwrap();
        symlink(secret.path().join("x"), &file).unwrap();
    });
    assert!(error.await.to_string().contains("/b: it is not the file"));
    fs::remove_file(&file).unwrap();
    fs::write(&file, "2").unwrap();
    let error = packed_after(dir.path(), || {
        fs::remove_file(&file).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    });
    let error = tokio::time::timeout(std::time::Duration::from_secs(60), error).await.expect("no pipe is waited for");
    assert!(error.to_string().contains("/b: it is not the file"));
    fs::remove_file(&file).unwrap();
    let error = packed_after(dir.path(), || {
        fs::remove_dir_all(&inner).unwrap();
        symlink(secret.path(), &inner).unwrap();
    });
    assert!(error.await.to_string().contains("/a/x: it is not the file"));
}

#[cfg(unix)]
#[test]
fn links_are_refused() {
    let dir = folder(&[("a", b"1")]);
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
    assert!(Bundle::of(dir.path()).unwrap_err().message.contains("link"));
}

#[test]
fn only_a_folder_with_files_is_a_bundle() {
    assert_eq!(Bundle::of(folder(&[]).path()).unwrap_err().kind, Kind::Usage);
    let dir = folder(&[("a", b"1")]);
    assert_eq!(Bundle::of(&dir.path().join("a")).unwrap_err().kind, Kind::Usage);
    assert_eq!(Bundle::of(&dir.path().join("b")).unwrap_err().kind, Kind::NotFound);
}

#[cfg(unix)]
#[tokio::test]
async fn empty_folders_and_executable_bits_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder(&[("run.sh", b"#!/bin/sh"), ("a/read.txt", b"x")]);
    fs::create_dir_all(dir.path().join("a/empty")).unwrap();
    fs::create_dir_all(dir.path().join("deep/deeper")).unwrap();
    for (name, mode) in [("run.sh", 0o700), ("a/read.txt", 0o640)] {
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let tar = packed(dir.path()).await.unwrap();
    let mut archive = tar::Archive::new(&tar[..]);
    let found = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), entry.header().mode().unwrap())
    });
    let expected = [("a/empty/", 0o755), ("a/read.txt", 0o644), ("deep/deeper/", 0o755), ("run.sh", 0o755)];
    assert_eq!(found.collect::<Vec<_>>(), expected.map(|(name, mode)| (name.to_owned(), mode)));
    let only_folders = tempfile::tempdir().unwrap();
    fs::create_dir(only_folders.path().join("a")).unwrap();
    assert_eq!(Bundle::of(only_folders.path()).unwrap_err().kind, Kind::Usage);
}

#[cfg(target_os = "linux")]
#[test]
fn name_in_another_encoding_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let dir = folder(&[("a", b"1")]);
    for name in [&b"Ren\xe9"[..], b"Ren\xe8"] {
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let failure = Bundle::of(dir.path()).unwrap_err();
    assert!(failure.kind == Kind::File && failure.message.contains("not UTF-8"), "{failure}");
}
