//! The settings of all verbs, as text and as JSON.

use clap::{Args as _, Command};
use serde_json::{Value, json};

use super::Global;

/// Flags without a key in `config.toml`.
const NO_KEY: [&str; 3] = ["json", "quiet", "home"];
const DEFAULTS: &[(&str, &str)] = &[
    ("as", "the only person in the home folder"),
    ("rpc-url", "the node's, else http://127.0.0.1:8545"),
    ("store", "the node's, else kubo+http://127.0.0.1:5001"),
    ("relay", "the node's, else none"),
    ("tz", "$TZ, else the zone of this machine"),
    ("timeout", "30 (1 to 86400)"),
    ("max-fee", "0.02 (at most 1000)"),
    ("password-file", "asked on the terminal"),
];

/// Settings that only `config.toml` has.
const FILE_ALONE: &[(&str, &str)] = &[
    ("store-token-file", "a file with the bearer token of the first store"),
    #[cfg(feature = "s3")]
    ("s3-file", "a file with the key and the location of s3:// stores"),
];

/// A flag of every verb, or a key that only `config.toml` has.
pub(crate) struct Setting {
    pub(super) id: clap::Id,
    /// Empty for a key that only `config.toml` has.
    pub(super) flag: String,
    pub(super) value: Option<String>,
    help: String,
    environment: Option<String>,
    key: Option<String>,
    default: Option<&'static str>,
}

impl Setting {
    fn of(arg: &clap::Arg) -> Self {
        let long = arg.get_long().unwrap_or_default();
        let takes = arg.get_action().takes_values();
        Self {
            id: arg.get_id().clone(),
            flag: long.to_owned(),
            value: arg.get_value_names().filter(|_| takes).and_then(<[_]>::first).map(ToString::to_string),
            help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            environment: arg.get_env().map(|name| name.to_string_lossy().into_owned()),
            key: (!NO_KEY.contains(&long)).then(|| long.to_owned()),
            default: DEFAULTS.iter().find(|(name, _)| *name == long).map(|(_, default)| *default),
        }
    }

    pub(crate) fn object(&self) -> Value {
        json!({
            "type": "setting", "flag": (!self.flag.is_empty()).then(|| format!("--{}", self.flag)), "value": self.value,
            "environment": self.environment, "key": self.key, "default": self.default, "help": self.help,
        })
    }

    fn text(&self) -> String {
        let mut also = Vec::new();
        also.extend(self.environment.iter().map(|name| format!("environment {name}")));
        also.extend(self.key.iter().map(|key| format!("config.toml {key}")));
        also.extend(self.default.map(|default| format!("default {default}")));
        let also = if also.is_empty() { String::new() } else { format!("      [{}]\n", also.join("; ")) };
        let value = self.value.as_ref().map(|name| format!(" <{name}>")).unwrap_or_default();
        format!("  --{}{value}\n      {}\n{also}", self.flag, self.help)
    }
}

/// The flags of every verb.
pub(super) fn flags() -> Vec<Setting> {
    let command = Global::augment_args(Command::new("settings"));
    let long = |arg: &&clap::Arg| arg.get_long().is_some_and(|long| long != "help");
    command.get_arguments().filter(long).map(Setting::of).collect()
}

/// All settings.
pub(crate) fn settings() -> Vec<Setting> {
    let alone = FILE_ALONE.iter().map(|(key, help)| Setting {
        id: (*key).into(),
        flag: String::new(),
        value: None,
        help: (*help).to_owned(),
        environment: None,
        key: Some((*key).to_owned()),
        default: None,
    });
    flags().into_iter().chain(alone).collect()
}

/// The text of `help settings`.
pub(crate) fn page() -> String {
    let text: String = flags().iter().map(Setting::text).collect();
    let alone = FILE_ALONE.iter().map(|(key, help)| format!("  {key} (only in config.toml): {help}"));
    let alone: Vec<String> = alone.collect();
    let alone = alone.join("\n");
    format!(
        "Settings of every verb. A flag wins over the environment. The environment wins over config.toml in the home \
         folder. An empty variable counts as not set.\n\n{text}{alone}"
    )
}
