//! The README's picture is what the binary draws today.

use std::{path::Path, process::Command};

use crate::project;

/// `UPDATE_EXPECT=1 cargo test` draws it anew.
#[test]
fn the_picture_of_the_sample_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_sendlens"))
        .args(["check", "--manifest-path", "tests/fixtures/sample/Cargo.toml"])
        .current_dir(root)
        .envs(project::cargo_env())
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let ansi = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{ansi}\n{stderr}");
    let svg = anstyle_svg::Term::new().render_svg(&ansi);
    expect_test::expect_file![root.join("docs/check.svg")].assert_eq(&svg);
}
