//! Amounts of bytes as people write them.

const UNITS: [(char, u32); 4] = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];

/// A number of bytes, or of KiB, MiB, GiB or TiB with K, M, G or T behind it.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let unit = UNITS.iter().find(|(unit, _)| text.to_ascii_uppercase().ends_with(*unit));
    let digits = unit.map_or(text, |_| &text[..text.len() - 1]);
    let number = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let number = number.and_then(|digits| digits.parse::<u64>().ok());
    let bytes = number.and_then(|number| number.checked_mul(1 << unit.map_or(0, |(_, bits)| *bits)));
    bytes.ok_or_else(|| "an amount looks like 500M, 20G or 1048576".to_owned())
}

/// A count with its noun, whose singular is `one`.
pub(crate) fn count(number: u64, one: &str) -> String {
    match (number, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {one}s"),
    }
}

/// An amount for people, in the largest unit that fits.
pub(crate) fn shown(bytes: u64) -> String {
    match UNITS.iter().rev().find(|(_, bits)| bytes >> bits > 0) {
        Some((unit, bits)) => format!("{:.1} {unit}iB", bytes as f64 / (1_u64 << bits) as f64),
        None => count(bytes, "byte"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them_and_nothing_else_is() {
        let amounts = [("0", 0), ("17", 17), ("2k", 2048), ("500M", 500 << 20), ("10G", 10 << 30), ("1T", 1 << 40)];
        for (text, bytes) in amounts {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "M", "-1", "1.5G", "1 G", "G1", "99999999T", "18446744073709551616", "ä", "1é"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_shown_in_the_largest_unit() {
        let shown: Vec<String> = [17, 1536, 500 << 20, 3 << 40].map(shown).into();
        assert_eq!(shown, ["17 bytes", "1.5 KiB", "500.0 MiB", "3.0 TiB"]);
        let counts = [(0, "byte"), (1, "byte"), (2, "byte"), (1, "entry"), (7, "entry")].map(|(n, one)| count(n, one));
        assert_eq!(counts, ["0 bytes", "1 byte", "2 bytes", "1 entry", "7 entries"]);
    }
}
