#![allow(clippy::unwrap_used)]

use super::*;

fn parse(options: &[&str]) -> Result<Settings, String> {
    let needed = ["node", "--rpc-url", "http://127.0.0.1:1", "--key-file", "key", "--state", "state"];
    let settings = Settings::try_parse_from(needed.iter().chain(options)).map_err(|error| error.to_string())?;
    settings.check().map(|()| settings)
}

#[test]
fn settings_that_carry_nothing_are_refused_by_name() {
    for option in [
        "--timeout",
        "--max-fee",
        "--budget",
        "--budget-per-account",
        "--queue",
        "--waiting",
        "--waiting-revocations",
        "--per-account",
        "--per-address",
        "--questions-per-address",
        "--others-per-address",
        "--connections",
        "--gas-percent",
        "--quota",
        "--quota-total",
        "--unpinned",
        "--vaults",
        "--frames-bytes",
        "--frames-per-address",
        "--directory-check",
    ] {
        for value in ["0", "-1", "0.5", "many", "99999999999999999999999"] {
            let error = parse(&[&format!("{option}={value}")]).err().unwrap_or_default();
            assert!(error.contains(option), "{option} {value}: {error}");
        }
    }
    let too_many = ["0x0000000000000000000000000000000000000001"; 17].join(",");
    for (option, value) in [
        ("--verb", "Bless"),
        ("--verb", ""),
        ("--authority", "0x0000000000000000000000000000000000000000"),
        ("--authority", too_many.as_str()),
        ("--budget-per-account", "200000000000000001"),
        ("--max-fee", "1000000000000000001"),
        ("--timeout", "601"),
        ("--listen", "127.0.0.1"),
        ("--listen", "127.0.0.1:65536"),
        ("--contract", "0x12"),
        ("--authority", "0x12"),
        ("--authority", "ministry"),
    ] {
        let error = parse(&[option, value]).err().unwrap_or_default();
        assert!(error.contains(option), "{option} {value}: {error}");
        assert!(!error.contains("string length"), "{option} {value}: {error}");
    }
}

#[test]
fn node_listens_to_other_machines_only_with_tls_or_behind_a_proxy() {
    for address in ["127.0.0.1:0", "[::1]:1"] {
        assert!(parse(&["--listen", address]).is_ok(), "{address}");
    }
    for address in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1"] {
        let error = parse(&["--listen", address]).err().unwrap_or_default();
        assert!(error.contains("--tls-cert") && error.contains("--behind-proxy"), "{address}: {error}");
        assert!(parse(&["--listen", address, "--behind-proxy"]).is_ok(), "{address}");
        assert!(parse(&["--listen", address, "--tls-cert", "c", "--tls-key", "k"]).is_ok(), "{address}");
    }
    assert!(parse(&["--tls-cert", "c"]).is_err());
    let nothing = Settings::try_parse_from(["node", "--rpc-url", "http://127.0.0.1:1", "--state", "state"]).unwrap();
    assert!(nothing.check().unwrap_err().contains("nothing is switched on"));
}

#[test]
fn defaults_are_as_documented() {
    let settings = parse(&[]).unwrap();
    let terms = settings.relay.terms();
    assert_eq!((terms.queue, terms.ordinary, terms.urgent), (10_000, 16, 8));
    assert_eq!(settings.connections().of_one, Some(64));
    assert_eq!(parse(&["--behind-proxy"]).unwrap().connections().of_one, None);
    assert!(parse(&["--verb", "Grant,Revoke", "--per-address", "1000000"]).is_ok());
}

#[test]
fn frames_are_carried_for_somebody_named_or_openly_for_all() {
    let authority = "--authority=0x0000000000000000000000000000000000000001";
    for (options, says) in [
        (&["--frames"][..], "say who may publish"),
        (&["--frames", authority], ""),
        (&["--frames", "--open-frames"], ""),
        (&["--frames", "--open-frames", authority], "choose"),
        (&["--open-frames"], "--open-frames is for --frames"),
        (&["--frames", authority, "--frames-bytes=4194303"], "--frames-bytes"),
    ] {
        let error = parse(options).err().unwrap_or_default();
        assert!(error.contains(says) && error.is_empty() == says.is_empty(), "{options:?}: {error}");
    }
    let alone = ["node", "--rpc-url=http://127.0.0.1:1", "--state=state", "--frames", authority];
    assert_eq!(Settings::try_parse_from(alone).map(|settings| settings.check()).ok(), Some(Ok(())));
}

#[test]
fn directory_needs_an_authority_that_vouches() {
    let (one, zero) = ("0x0000000000000000000000000000000000000001", "0x0000000000000000000000000000000000000000");
    let [authority, of_directory, nobody] =
        [format!("--authority={one}"), format!("--directory-authority={one}"), format!("--directory-authority={zero}")];
    let too_many = format!("--directory-authority={}", [one; 17].join(","));
    for (options, says) in [
        (&["--directory"][..], "--authority or --directory-authority"),
        (&["--directory", "--allow=staff"], "--authority or --directory-authority"),
        (&["--directory", &authority], ""),
        (&["--directory", &of_directory, "--blocks=file:///srv/blocks", "--open-blocks"], ""),
        (&["--directory", &nobody], "not the zero address"),
        (&["--directory", &too_many], "up to 16"),
        (&[&of_directory], "--directory-authority is for --directory"),
        (&["--directory", &authority, "--directory-check=301"], "--directory-check"),
    ] {
        let error = parse(options).err().unwrap_or_default();
        assert!(error.contains(says) && error.is_empty() == says.is_empty(), "{options:?}: {error}");
    }
    let alone = ["node", "--rpc-url=http://127.0.0.1:1", "--state=state", "--directory", &authority];
    assert_eq!(Settings::try_parse_from(alone).map(|settings| settings.check()).ok(), Some(Ok(())));
}

#[test]
fn blocks_are_kept_for_somebody_named_or_openly_for_all() {
    let authority = "--authority=0x0000000000000000000000000000000000000001";
    let store = "--blocks=file:///srv/blocks";
    for (options, says) in [
        (&[store][..], "say who may write"),
        (&[store, authority], ""),
        (&[store, "--allow=staff"], ""),
        (&[store, "--open-blocks"], ""),
        (&[store, "--open-blocks", authority], "choose"),
        (&[store, "--open-blocks", "--allow=staff"], "choose"),
        (&["--open-blocks"], "--open-blocks is for --blocks"),
        (&["--blocks-token-file=token"], "--blocks-token-file is for --blocks"),
        (&[store, authority, "--quota=2", "--quota-total=1"], "--quota is more than --quota-total"),
        (&[store, authority, "--quota=1", "--quota-total=1"], ""),
        (&["--blocks=memory:", authority], "would lose everything"),
        (&["--blocks=/srv/blocks", authority], "file:///absolute/path"),
        (&["--blocks=http://127.0.0.1:5001", authority], "kubo+http://127.0.0.1:5001"),
    ] {
        let error = parse(options).err().unwrap_or_default();
        assert!(error.contains(says) && error.is_empty() == says.is_empty(), "{options:?}: {error}");
    }
    let alone = ["node", "--rpc-url=http://127.0.0.1:1", "--state=state", store, authority];
    assert_eq!(Settings::try_parse_from(alone).map(|settings| settings.check()).ok(), Some(Ok(())));
}
