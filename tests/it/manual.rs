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

    let manual = include_str!("../../docs/settings.md");
    let rows = manual.lines().filter(|line| line.starts_with("| `sendlens."));
    let in_manual: BTreeMap<_, _> = rows
        .map(|row| {
            let cell = |index| row.split('|').nth(index).unwrap().trim().trim_matches('`');
            (cell(1).to_owned(), cell(2).to_owned())
        })
        .collect();
    assert_eq!(in_manual, settings);
}
