//! What must hold of the source text itself.

use std::path::{Path, PathBuf};

/// The modules that are pure: text and facts in, data out.
const CORE: &[&str] = &[
    "problem.rs",
    "sources.rs",
    "text.rs",
    "shift.rs",
    "encoding.rs",
    "recognise",
    "syntax",
    "fixes",
];

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(!files.is_empty());
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name() != Some("target".as_ref()) {
            collect(&path, files);
        } else if path.extension() == Some("rs".as_ref()) {
            let text = std::fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
}

/// Without the unit tests, which may do what they like.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

#[track_caller]
fn assert_absent(folder: &str, words: &[&str], concerns: impl Fn(&Path) -> bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for (path, text) in sources(folder) {
        let inside = path.strip_prefix(&root).unwrap();
        for word in words.iter().filter(|_| concerns(inside)) {
            assert!(!product(&text).contains(word), "{} names {word}", path.display());
        }
    }
}

fn is_core(path: &Path) -> bool {
    CORE.iter().any(|module| path.starts_with(module)) && !path.ends_with("tests.rs")
}

#[test]
fn the_core_is_pure() {
    let impure = ["lsp_types", "tower_lsp", "std::fs", "std::process", "std::env", "tokio"];
    let impure = impure.map(|word| format!("{word}::"));
    let impure: Vec<&str> = impure.iter().map(String::as_str).collect();
    // `tokio::` stands in fixes, as text that they write.
    let uses: Vec<String> = impure.iter().map(|word| format!("use {word}")).collect();
    let uses: Vec<&str> = uses.iter().map(String::as_str).collect();
    assert_absent("server", &uses, is_core);
    assert_absent("server", &impure[2..5], is_core);
}

#[test]
fn only_the_lsp_modules_name_its_types() {
    assert_absent("server", &["lsp_types", "tower_lsp"], |path| !path.starts_with("lsp"));
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in sources("server").into_iter().chain(sources("tests/it")) {
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn the_product_names_no_machine() {
    assert_absent("server", &["/work/", ".library", "/root/"], |_| true);
}

#[test]
fn no_function_is_longer_than_seventy_lines() {
    for (path, text) in sources("server").into_iter().chain(sources("tests/it")) {
        let mut start = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let word = line.trim_start().trim_start_matches("pub(crate) ");
            let word = word.trim_start_matches("pub(super) ").trim_start_matches("pub ");
            if word.starts_with("fn ") || word.starts_with("async fn ") {
                start = Some((number, indent));
            }
            if let Some((from, depth)) = start
                && indent == depth
                && line.trim() == "}"
            {
                let length = number - from + 1;
                assert!(length <= 70, "{}:{} has {length} lines", path.display(), from + 1);
                start = None;
            }
        }
    }
}
