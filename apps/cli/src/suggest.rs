//! Suggests a similar name for one that does not exist.

use hospital_record::names::{look_alike, spelled};

/// The known name nearest to the typed one, if it is near.
pub(crate) fn near<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let small = |name: &str| spelled(name).to_lowercase();
    let wanted = small(typed);
    // One slip in three letters.
    let most = wanted.chars().count().div_ceil(3);
    let distance = |name: &str| match look_alike(name, typed) {
        true => 0,
        false => strsim::damerau_levenshtein(&small(name), &wanted),
    };
    let near = known.into_iter().map(|name| (distance(name), name)).filter(|(distance, _)| *distance <= most);
    near.min().map(|(_, name)| name)
}

/// The same as the end of a sentence.
pub(crate) fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    near(typed, known).map_or_else(String::new, |name| format!("; did you mean {}?", crate::shown::shown(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_nothing_else_is() {
        let known = ["cardiology", "dr-lee", "Blutwerte", "röntgen", "lab"];
        for (typed, meant) in [
            ("Cardiology", Some("cardiology")),
            ("cardiolgy", Some("cardiology")),
            ("caridology", Some("cardiology")),
            ("cardiology ", Some("cardiology")),
            ("dr-lе\u{435}", Some("dr-lee")),
            ("dr lee", Some("dr-lee")),
            ("blutwert", Some("Blutwerte")),
            ("Ro\u{308}ntgen", Some("röntgen")),
            ("rontgen", Some("röntgen")),
            ("1ab", Some("lab")),
            ("neurology-and-more", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(near(typed, known), meant, "{typed:?}");
        }
        assert_eq!(did_you_mean("Lab", known), "; did you mean lab?");
        assert_eq!(did_you_mean("zzzzzz", known), "");
    }
}
