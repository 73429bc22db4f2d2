//! What code does stays what it was: a package with tests of its own, which pass in a single thread
//! before anything is fixed, and pass when all is.

use std::process::Command;

use crate::project::{Project, cargo_env};

#[test]
fn its_own_tests_pass_before_and_after() {
    let project = Project::copy("kept");
    assert_eq!(project.own_tests(), Ok(()));
    assert!(!project.check().1, "futures are demanded that are not `Send`");
    let output = Command::new(env!("CARGO_BIN_EXE_sendlens"))
        .args(["fix", "--allow-dirty", "--allow-no-vcs"])
        .current_dir(project.root())
        .envs(cargo_env())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let (messages, success) = project.check();
    assert!(success, "{said}");
    assert!(!messages.contains("\"warning\""), "{messages}");
    assert_eq!(project.own_tests(), Ok(()), "{said}");
}
