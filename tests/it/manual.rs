//! The manual says what the program does.

use std::collections::BTreeMap;

use sendlens::settings::Settings;
use serde_json::Value;

fn leaves(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                leaves(&format!("{prefix}.{name}"), value, into);
            }
        }
        value => {
            into.insert(prefix.to_owned(), value.to_string());
        }
    }
}

#[test]
fn every_setting_is_in_the_manual_with_its_default() {
    let mut settings = BTreeMap::new();
    leaves("sendlens", &serde_json::to_value(Settings::default()).unwrap(), &mut settings);
    settings.insert("sendlens.trusted".to_owned(), "true".to_owned());
    settings.insert("sendlens.besideRustAnalyzer".to_owned(), "false".to_owned());

    let in_manual = manual().into_iter();
    let in_manual: BTreeMap<_, _> = in_manual.map(|(name, (value, _))| (name, value)).collect();
    assert_eq!(in_manual, settings);
}

#[test]
fn vs_code_offers_the_settings_of_the_manual() {
    let manifest: Value =
        serde_json::from_str(include_str!("../../editors/vscode/package.json")).unwrap();
    let offered = manifest["contributes"]["configuration"]["properties"].as_object().unwrap();
    // How the extension starts the server is its own affair.
    const OWN: [&str; 3] = ["sendlens.server.", "sendlens.trace.", "sendlens.editor."];
    let is_own = |name: &str| OWN.iter().any(|prefix| name.starts_with(prefix));
    let offered = offered.iter().filter(|(name, _)| !is_own(name));
    let offered: BTreeMap<_, _> = offered
        .map(|(name, setting)| {
            let description = setting["markdownDescription"].as_str().unwrap();
            (name.clone(), (setting["default"].to_string(), description.to_owned()))
        })
        .collect();
    let mut in_manual = manual();
    // The editor itself says these.
    in_manual.remove("sendlens.trusted");
    in_manual.remove("sendlens.besideRustAnalyzer");
    for (_, description) in in_manual.values_mut() {
        *description = description.replace(" See below.", "");
    }
    assert_eq!(offered, in_manual, "run `npm run settings` in editors/vscode");
}

#[test]
fn editors_and_server_have_one_version() {
    let manifest: Value =
        serde_json::from_str(include_str!("../../editors/vscode/package.json")).unwrap();
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let plugin = include_str!("../../editors/neovim/lua/sendlens/init.lua");
    let version = format!("M.version = '{}'", env!("CARGO_PKG_VERSION"));
    assert!(plugin.contains(&version), "no {version} in the plugin for Neovim");
}

/// Name, default and description of each setting in the manual.
fn manual() -> BTreeMap<String, (String, String)> {
    let manual = include_str!("../../docs/settings.md");
    let rows = manual.lines().filter(|line| line.starts_with("| `sendlens."));
    rows.map(|row| {
        let cell = |index| row.split('|').nth(index).unwrap().trim();
        let code = |index| cell(index).trim_matches('`').to_owned();
        (code(1), (code(2), cell(3).to_owned()))
    })
    .collect()
}
