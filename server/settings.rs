//! What the user may set, as the editor sends it. `docs/settings.md` is the manual; a test holds
//! the two together.

use std::{collections::BTreeMap, time::Duration};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::oracle::CargoSettings;

/// Everything under `sendlens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Where diagnostics come from.
    pub flycheck: FlycheckSettings,
    /// Our own check.
    pub check: CheckSettings,
    /// How cargo is called.
    pub cargo: CargoOptions,
    /// The fixes.
    pub fixes: FixSettings,
    /// After which awaits an inlay hint says what is held.
    pub inlay_hints: Show,
    /// Above which async fns a lens says why they are not `Send`.
    pub code_lens: Show,
    /// Whether the compiler is asked what the values held in open files are.
    pub types: bool,
    /// Whether a pause in typing lets the compiler look at what is not saved.
    pub live: bool,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// Nothing.
    Off,
    /// What the compiler complains about.
    #[default]
    Problems,
    /// All that is not `Send`, whether anybody minds or not.
    All,
}

/// `sendlens.flycheck`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlycheckSettings {
    /// Whose check is listened to.
    pub source: Source,
    /// With `auto`: how long rust-analyzer is waited for at start-up.
    pub grace_ms: u64,
}

/// Whose check is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// rust-analyzer's or the tee where there is one, else our own.
    #[default]
    Auto,
    /// rust-analyzer's.
    Journal,
    /// Our own.
    Own,
    /// `sendlens flycheck -- COMMAND`'s.
    Tee,
    /// Nobody's.
    Off,
}

/// `sendlens.check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CheckSettings {
    /// Which cargo command our own check runs.
    pub command: CheckCommand,
    /// How long a burst of saves is waited out.
    pub debounce_ms: u64,
    /// After which time a check is given up.
    pub timeout_secs: u64,
}

/// Which cargo command our own check runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckCommand {
    /// `cargo check`.
    #[default]
    Check,
    /// `cargo clippy`.
    Clippy,
}

impl CheckCommand {
    /// cargo's subcommand.
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Clippy => "clippy",
        }
    }
}

/// `sendlens.cargo`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CargoOptions {
    /// Features to turn on.
    pub features: Vec<String>,
    /// Every feature.
    pub all_features: bool,
    /// Without the default features.
    pub no_default_features: bool,
    /// The platform to check for.
    pub target: Option<String>,
    /// cargo's target directory.
    pub target_dir: Option<Utf8PathBuf>,
    /// More arguments.
    pub extra_args: Vec<String>,
    /// More environment.
    pub extra_env: BTreeMap<String, String>,
}

/// `sendlens.fixes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FixSettings {
    /// Whether fixes are drafted and the compiler is asked about them.
    pub verify: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flycheck: FlycheckSettings::default(),
            check: CheckSettings::default(),
            cargo: CargoOptions::default(),
            fixes: FixSettings::default(),
            inlay_hints: Show::Problems,
            code_lens: Show::All,
            types: true,
            live: false,
        }
    }
}

impl Default for FlycheckSettings {
    fn default() -> Self {
        Self { source: Source::Auto, grace_ms: 3_000 }
    }
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self {
            command: CheckCommand::Check,
            debounce_ms: 100,
            // A first check builds every dependency.
            timeout_secs: 1_800,
        }
    }
}

impl Default for FixSettings {
    fn default() -> Self {
        Self { verify: true }
    }
}

impl Settings {
    /// Reads what an editor sent: the section's content, or an object that holds the section.
    /// Unknown keys are somebody else's; a value of the wrong type is an error that names it.
    pub fn read(json: &serde_json::Value) -> Result<Self, String> {
        let section = json.get("sendlens").unwrap_or(json);
        if section.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(section).map_err(|error| error.to_string())
    }

    /// Lays what a client says later over what it said before: some answer with an empty object
    /// when they mean that there is nothing to add.
    pub fn overlay(before: &mut serde_json::Value, later: serde_json::Value) {
        use serde_json::Value;
        match (before, later) {
            (_, Value::Null) => {}
            (Value::Object(before), Value::Object(later)) => {
                for (name, value) in later {
                    Self::overlay(before.entry(name).or_insert(Value::Null), value);
                }
            }
            (before, later) => *before = later,
        }
    }

    /// How long a burst of saves is waited out.
    pub fn debounce(&self) -> Duration {
        Duration::from_millis(self.check.debounce_ms)
    }
}

impl CargoOptions {
    /// The arguments and the environment that every call of cargo gets: all there is, as
    /// rust-analyzer checks it.
    pub fn resolve(&self) -> CargoSettings {
        let mut args = vec!["--workspace".to_owned(), "--all-targets".to_owned()];
        if self.all_features {
            args.push("--all-features".to_owned());
        } else {
            if self.no_default_features {
                args.push("--no-default-features".to_owned());
            }
            if !self.features.is_empty() {
                args.extend(["--features".to_owned(), self.features.join(",")]);
            }
        }
        if let Some(target) = &self.target {
            args.extend(["--target".to_owned(), target.clone()]);
        }
        args.extend(self.extra_args.iter().cloned());
        CargoSettings {
            args,
            env: self.extra_env.clone().into_iter().collect(),
            target_dir: self.target_dir.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sections_are_read_bare_or_wrapped() {
        let bare = json!({"flycheck": {"source": "own"}, "somebody": {"else": 1}});
        let settings = Settings::read(&bare).unwrap();
        assert_eq!(settings.flycheck.source, Source::Own);
        assert_eq!(Settings::read(&json!({ "sendlens": bare })), Ok(settings));
        assert_eq!(Settings::read(&json!(null)), Ok(Settings::default()));
    }

    #[test]
    fn later_settings_win_where_they_say_anything() {
        let mut settings = json!({"check": {"command": "clippy", "debounceMs": 5}});
        for later in [json!({}), json!(null), json!({"check": {"debounceMs": 7}})] {
            Settings::overlay(&mut settings, later);
        }
        assert_eq!(settings, json!({"check": {"command": "clippy", "debounceMs": 7}}));
    }

    #[test]
    fn wrong_values_are_named() {
        let error = Settings::read(&json!({"flycheck": {"source": "none"}})).unwrap_err();
        assert!(error.contains("`none`"), "{error}");
    }

    #[test]
    fn options_become_arguments() {
        let options = json!({"features": ["a", "b"], "target": "wasm32-unknown-unknown"});
        let options: CargoOptions = serde_json::from_value(options).unwrap();
        let args = options.resolve().args;
        assert_eq!(args[2..].join(" "), "--features a,b --target wasm32-unknown-unknown");
    }
}
