//! tokio's `sync` feature in the package's manifest.

use camino::Utf8Path;
use toml_edit::{DocumentMut, InlineTable, Item, TableLike, Value};

use crate::{
    problem::Edit,
    sources::{Sources, difference},
};

/// Edits that turn the feature on; none when it is on already; `None` when the package does not
/// depend on tokio.
pub(super) fn enable_sync(sources: &Sources, package: &Utf8Path) -> Option<Vec<Edit>> {
    let file = package.join("Cargo.toml");
    let text = sources.text(&file)?;
    let mut manifest: DocumentMut = text.parse().ok()?;
    let dependencies = manifest.get_mut("dependencies")?.as_table_like_mut()?;
    let tokio = dependencies.get_mut("tokio")?;
    if has_sync(tokio) || inherits(tokio) && workspace_has_sync(sources) {
        return Some(Vec::new());
    }
    add_sync(tokio)?;
    let mut changed = sources.clone();
    changed.insert(file, manifest.to_string());
    Some(difference(sources, &changed))
}

fn features(tokio: &Item) -> Option<&toml_edit::Array> {
    tokio.as_table_like()?.get("features")?.as_array()
}

fn has_sync(tokio: &Item) -> bool {
    let mut names = features(tokio).into_iter().flatten().filter_map(Value::as_str);
    names.any(|name| matches!(name, "sync" | "full"))
}

fn inherits(tokio: &Item) -> bool {
    let table = tokio.as_table_like();
    table.and_then(|it| it.get("workspace")).and_then(Item::as_bool).unwrap_or(false)
}

fn workspace_has_sync(sources: &Sources) -> bool {
    let manifest = sources.text("Cargo.toml".into());
    let manifest = manifest.and_then(|text| text.parse::<DocumentMut>().ok());
    manifest.is_some_and(|manifest| {
        let tokio = manifest.get("workspace").and_then(|it| it.get("dependencies")?.get("tokio"));
        tokio.is_some_and(has_sync)
    })
}

fn add_sync(tokio: &mut Item) -> Option<()> {
    if let Some(version) = tokio.as_str().map(str::to_owned) {
        let mut table = InlineTable::new();
        table.insert("version", version.into());
        table.insert("features", Value::Array(["sync"].into_iter().collect()));
        *tokio = Item::Value(Value::InlineTable(table));
        return Some(());
    }
    let table: &mut dyn TableLike = tokio.as_table_like_mut()?;
    match table.get_mut("features") {
        Some(features) => features.as_array_mut()?.push("sync"),
        None => {
            let features: toml_edit::Array = ["sync"].into_iter().collect();
            table.insert("features", Item::Value(Value::Array(features)));
            if let Some(mut key) = table.key_mut("features") {
                key.fmt();
            }
        }
    }
    // The value that was last keeps the space before the brace otherwise.
    if let Some(table) = tokio.as_inline_table_mut() {
        table.fmt();
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(root: &str, member: &str, expected: Option<&str>) {
        let mut sources = Sources::default();
        sources.insert("Cargo.toml", root);
        sources.insert("app/Cargo.toml", member);
        let edits = enable_sync(&sources, "app".into());
        let changed = edits.map(|edits| {
            let changed = sources.apply(&edits).unwrap();
            changed.text("app/Cargo.toml".into()).unwrap().to_string()
        });
        assert_eq!(changed.as_deref(), expected);
    }

    #[test]
    fn every_form_of_a_dependency() {
        for (before, after) in [
            (
                "[dependencies]\ntokio = \"1\" # żółw\n",
                "[dependencies]\ntokio = { version = \"1\", features = [\"sync\"] }\n",
            ),
            (
                "[dependencies]\ntokio = { version = \"1\", features = [\"rt\"] }\n",
                "[dependencies]\ntokio = { version = \"1\", features = [\"rt\", \"sync\"] }\n",
            ),
            (
                "[dependencies.tokio]\nversion = \"1\"\n",
                "[dependencies.tokio]\nversion = \"1\"\nfeatures = [\"sync\"]\n",
            ),
            (
                "[dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n",
                "[dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n",
            ),
        ] {
            check("[workspace]", before, Some(after));
        }
    }

    #[test]
    fn inherited_dependencies_and_none() {
        let member = "[dependencies]\ntokio = { workspace = true }\n";
        let with_sync =
            "[workspace.dependencies]\ntokio = { version = \"1\", features = [\"sync\"] }";
        check(with_sync, member, Some(member));
        check(
            "[workspace.dependencies]\ntokio = \"1\"",
            member,
            Some("[dependencies]\ntokio = { workspace = true, features = [\"sync\"] }\n"),
        );
        check("[workspace]", "[dependencies]\nserde = \"1\"\n", None);
    }
}
