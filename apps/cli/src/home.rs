//! The people of this machine: `people/NAME/key.json` in the home folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    failure::{Failure, Result},
    output::check_folder,
    suggest::did_you_mean,
};

const KEY: &str = "key.json";
const LONGEST_NAME: usize = 64;

/// Where the key file of `name` is or will be.
pub(crate) fn key_path(home: &Path, name: &str) -> Result<PathBuf> {
    check_name(name)?;
    Ok(home.join("people").join(name).join(KEY))
}

/// The person who acts: the named one, or the only one.
pub(crate) fn choose(home: &Path, named: Option<&str>) -> Result<String> {
    let people = people(home)?;
    match (named, people.as_slice()) {
        (Some(name), _) => {
            check_name(name)?;
            match people.iter().any(|person| person == name) {
                true => Ok(name.to_owned()),
                false => {
                    let meant = did_you_mean(name, people.iter().map(String::as_str));
                    let why = format!("no key file for {name} in {}{meant}; {}", home.display(), known(home, &people));
                    Err(Failure::not_found(why))
                }
            }
        }
        (None, [only]) => Ok(only.clone()),
        (None, []) => {
            Err(Failure::not_found(format!("there is no key file in {}: {}", home.display(), make_one(home))))
        }
        (None, _) => Err(Failure::usage(format!("name the person who acts with --as NAME; {}", known(home, &people)))),
    }
}

/// Advice to make a key file, or the reason why none can be made.
fn make_one(home: &Path) -> String {
    match check_folder(home) {
        Ok(()) => "run `hospital-record init`".to_owned(),
        Err(why) => format!("none can be made there either: {why}; --home names another folder"),
    }
}

fn known(home: &Path, people: &[String]) -> String {
    match people {
        [] => format!("there are none: {}", make_one(home)),
        people => format!("there are: {}", people.join(", ")),
    }
}

/// Everybody with a key file, sorted.
fn people(home: &Path) -> Result<Vec<String>> {
    let folder = home.join("people");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(Failure::file(&folder, &error)),
    };
    let mut people = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Failure::file(&folder, &error))?;
        let name = entry.file_name().into_string().ok().filter(|name| check_name(name).is_ok());
        if let Some(name) = name
            && has_key(&entry.path())?
        {
            people.push(name);
        }
    }
    people.sort();
    Ok(people)
}

/// A key file that cannot be checked counts as existing, so that no second one is made.
fn has_key(person: &Path) -> Result<bool> {
    match person.join(KEY).symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(Failure::file(person, &error)),
    }
}

/// A name of a person is a folder's name too.
fn check_name(name: &str) -> Result {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts && name.len() <= LONGEST_NAME && name.bytes().all(fits) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{name:?} cannot name a person here: take up to {LONGEST_NAME} letters a-z, digits, '-', '_' and '.', a letter or digit first"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn home(people: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in people {
            let path = dir.path().join("people").join(name);
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join(KEY), "").unwrap();
        }
        dir
    }

    #[test]
    fn only_person_acts_without_a_name() {
        assert_eq!(choose(home(&["ana"]).path(), None).unwrap(), "ana");
        let two = home(&["ana", "ben"]);
        assert_eq!(choose(two.path(), Some("ben")).unwrap(), "ben");
        let failure = choose(two.path(), None).unwrap_err();
        assert_eq!(failure.kind, Kind::Usage);
        assert!(failure.message.contains("ana, ben"), "{failure}");
    }

    #[test]
    fn somebody_unknown_is_not_found() {
        assert_eq!(choose(home(&[]).path(), None).unwrap_err().kind, Kind::NotFound);
        assert_eq!(choose(home(&["ana"]).path(), Some("eve")).unwrap_err().kind, Kind::NotFound);
    }

    #[test]
    fn advice_to_make_keys_is_given_only_where_they_can_be_made() {
        let dir = home(&[]);
        fs::write(dir.path().join("file"), "x").unwrap();
        for (place, can) in [("", true), ("new/home", true), ("file/home", false), ("file", false)] {
            for person in [None, Some("ana")] {
                let told = choose(&dir.path().join(place), person).unwrap_err().message;
                assert_eq!((told.contains("init"), told.contains("--home")), (can, !can), "{place}: {told}");
            }
        }
    }

    #[test]
    fn a_name_cannot_leave_the_home_folder() {
        for name in ["..", "../x", "a/b", ".hidden", "-x", "", "a\nb", "ü", &"x".repeat(65)] {
            assert_eq!(key_path(Path::new("/h"), name).unwrap_err().kind, Kind::Usage, "{name:?}");
        }
        assert_eq!(key_path(Path::new("/h"), "dr.lee-2").unwrap(), Path::new("/h/people/dr.lee-2/key.json"));
    }
}
