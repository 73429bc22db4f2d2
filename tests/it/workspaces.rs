//! Several folders in one editor, several workspaces in one folder.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::{
    client::{Client, Start, uri},
    project::{Project, copy_folder},
};

fn start(root: &Path) -> Client {
    let options =
        json!({"flycheck": {"source": "own"}, "types": false, "fixes": {"verify": false}});
    Client::start(Start::new(root).options(options))
}

fn folder(path: &Path) -> serde_json::Value {
    json!({"uri": uri(path), "name": "żółw"})
}

fn change_folders(client: &mut Client, added: &[&Path], removed: &[&Path]) {
    let folders = |paths: &[&Path]| paths.iter().map(|path| folder(path)).collect::<Vec<_>>();
    let event = json!({"added": folders(added), "removed": folders(removed)});
    client.notify("workspace/didChangeWorkspaceFolders", json!({"event": event}));
}

#[test]
fn folders_come_and_go() {
    let (one, two) = (Project::copy("sample"), Project::copy("sample"));
    let mut client = start(&one.root());
    client.wait_for_hints(&one.file("src/main.rs"), 2);
    assert!(!client.diagnostics.contains_key(&uri(&two.file("src/main.rs"))), "not opened yet");
    change_folders(&mut client, &[&two.root()], &[]);
    client.wait_for_hints(&two.file("src/main.rs"), 2);
    change_folders(&mut client, &[], &[&one.root()]);
    client.wait_for_hints(&one.file("src/main.rs"), 0);
    assert_eq!(client.diagnostics[&uri(&two.file("src/main.rs"))].len(), 2, "still open");
    change_folders(&mut client, &[&one.root()], &[]);
    client.wait_for_hints(&one.file("src/main.rs"), 2);
}

/// A copy of a project in another place; its main file.
fn copied(project: &Project, to: PathBuf) -> PathBuf {
    copy_folder(&project.root(), &to);
    to.join("sample/src/main.rs")
}

#[test]
fn workspaces_side_by_side_are_all_served() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap();
    let projects = [Project::copy("sample"), Project::copy("sample")];
    let files = ["server", "żółw"].map(|name| root.join(name));
    let files = [0, 1].map(|n| copied(&projects[n], files[n].clone()));
    std::fs::create_dir(root.join("notes")).unwrap();
    let mut client = start(&root);
    for file in &files[..1] {
        client.wait_for_hints(file, 2);
    }
    // The name of the other is escaped in the protocol.
    client.wait_for("hints in the other", |client| {
        let mut all = client.diagnostics.iter();
        let other = all.find(|(uri, _)| uri.contains("%C5%BC%C3%B3%C5%82w"))?;
        (other.1.len() == 2).then_some(())
    });
}

#[test]
fn a_workspace_within_another_is_served_when_a_file_of_it_is_opened() {
    let (outer, inner) = (Project::copy("sample"), Project::copy("sample"));
    let nested = copied(&inner, outer.file("inner"));
    // No member, no workspace: cargo refuses it, and nobody hears of that.
    let template = outer.file("template");
    std::fs::create_dir_all(template.join("src")).unwrap();
    std::fs::write(template.join("Cargo.toml"), "[package]\nname = \"{{name}}\"\n").unwrap();
    std::fs::write(template.join("src/lib.rs"), "").unwrap();
    let mut client = start(&outer.root());
    client.wait_for_hints(&outer.file("src/main.rs"), 2);
    assert!(!client.diagnostics.contains_key(&uri(&nested)), "nobody looks at it");
    client.open(&template.join("src/lib.rs"));
    client.open(&nested);
    client.wait_for_hints(&nested, 2);
    assert!(client.messages().is_empty(), "{:?}", client.messages());
}

#[test]
fn a_manifest_that_another_program_mends() {
    let project = Project::copy("sample");
    let manifest = project.root().join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, "[workspace\n").unwrap();
    let mut client = start(&project.root());
    client.wait_for_message("fix its Cargo.toml");
    std::fs::write(&manifest, text).unwrap();
    let changes = json!({"changes": [{"uri": uri(&manifest), "type": 2}]});
    client.notify("workspace/didChangeWatchedFiles", changes);
    client.wait_for_hints(&project.file("src/main.rs"), 2);
}
