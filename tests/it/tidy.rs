//! What must hold of the source text itself.

use std::path::{Path, PathBuf};

/// The modules that are pure: text and facts in, data out.
const CORE: &[&str] = &[
    "macro_rules",
    "problem.rs",
    "sources.rs",
    "text.rs",
    "shift.rs",
    "encoding.rs",
    "spots.rs",
    "life.rs",
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
    CORE.iter().any(|module| path.starts_with(module)) && !is_test(path)
}

/// Files of unit tests, which may do what they like, too.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn the_core_is_pure() {
    let impure = ["lsp_types::", "tower_lsp::", "std::fs", "std::process", "std::env", "tokio::"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("server");
    for (path, text) in sources("server") {
        if !is_core(path.strip_prefix(&root).unwrap()) {
            continue;
        }
        for line in product(&text).lines().filter(|line| !line.trim_start().starts_with("//")) {
            // Fixes write and recognise such paths: what stands in quotes is their text.
            let code = line.split('"').next().unwrap();
            let named = impure.iter().find(|word| code.contains(*word));
            assert!(named.is_none(), "{} names {named:?}: {line}", path.display());
        }
    }
}

#[test]
fn only_the_lsp_modules_name_its_types() {
    assert_absent("server", &["lsp_types", "tower_lsp"], |path| !path.starts_with("lsp"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let files = sources("server").into_iter().chain(sources("tests/it"));
    let silent = files.filter(|(_, text)| !text.starts_with("//! "));
    let silent: Vec<_> = silent.map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "no `//!` in {silent:#?}");
}

#[test]
fn the_product_names_no_machine() {
    assert_absent("server", &["/work/", ".library", "/root/"], |_| true);
}

#[test]
fn no_function_is_longer_than_seventy_lines() {
    // Tests may hold long snapshots.
    let files = sources("server").into_iter().filter(|(path, _)| !is_test(path));
    let mut long = Vec::new();
    for (path, text) in files {
        let lengths = functions(product(&text)).into_iter().filter(|(_, length)| *length > 70);
        long.extend(lengths.map(|(line, length)| format!("{}:{line}: {length}", path.display())));
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// The first line and the number of lines of each function, by the indentation of its brace.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        // What follows a quote is text, not code.
        let code = line.split(['"', '`']).next().unwrap();
        let is_fn =
            code.split(' ').any(|word| word == "fn") && !code.trim_start().starts_with("//");
        if start.is_none() && is_fn && !line.trim_end().ends_with([';', '}']) {
            start = Some((number, indent));
        }
        if let Some((from, depth)) = start
            && indent == depth
            && line.trim() == "}"
        {
            found.push((from + 1, number - from + 1));
            start = None;
        }
    }
    found
}
