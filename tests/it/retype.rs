//! Fixes that change a type, from its declaration to the last use: they must compile.

use std::process::Command;

use crate::project::{Project, cargo_env};

/// Applies fixes of these kinds alone; what is left must compile.
#[track_caller]
fn fixed_by(fixture: &str, ids: &str) -> Project {
    let project = Project::copy(fixture);
    assert!(!project.check().1, "the fixture compiles");
    let output = Command::new(env!("CARGO_BIN_EXE_sendlens"))
        .args(["fix", "--allow-dirty", "--allow-no-vcs", "--only", ids])
        .current_dir(project.root())
        .envs(cargo_env())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let (messages, success) = project.check();
    let errors: Vec<&str> = messages.lines().filter(|it| it.contains("\"error\"")).collect();
    assert!(success, "{said}\n{errors:#?}");
    let caused = ["unused import", "unused implementer", "unused variable"];
    assert!(!caused.iter().any(|it| messages.contains(it)), "{said}");
    project
}

#[test]
fn add_send_sync_to_error() {
    let project = fixed_by("error_chain", "add_send_sync_to_error");
    let source = project.read("src/source.rs");
    assert!(source.contains("Result<T, Box<dyn Error + Send + Sync>>"), "{source}");
    let config = project.read("src/config.rs");
    assert!(config.contains("Option<&(dyn std::error::Error + 'static)>"), "{config}");
}

#[test]
fn replace_mutex_with_tokio() {
    let project = fixed_by("lock_in_state", "replace_mutex_with_tokio");
    let state = project.read("src/state.rs");
    assert!(state.contains("clients: tokio::sync::Mutex<Vec<u32>>"), "{state}");
    assert!(state.contains("sent: Mutex<usize>"), "{state}");
    assert!(state.contains("pub async fn join(&self, id: u32)"), "{state}");
    let main = project.read("src/main.rs");
    assert!(main.contains("shared.clients.blocking_lock().push(2)"), "{main}");
    assert!(main.contains("state.join(1).await;"), "{main}");
    let manifest = project.read("Cargo.toml");
    assert!(manifest.contains("features = [\"sync\"]"), "{manifest}");
}

#[test]
fn replace_rc_refcell_and_cell() {
    let ids = "replace_rc_with_arc,replace_refcell_with_mutex,replace_cell_with_atomic,\
               add_send_to_trait_object";
    let project = fixed_by("counted", ids);
    let main = project.read("src/main.rs");
    assert!(main.contains("clock: Arc<dyn Clock + Send + Sync>"), "{main}");
    assert!(main.contains("log.lock().unwrap().push("), "{main}");
    assert!(main.contains("hits.fetch_add(1, Ordering::SeqCst)"), "{main}");
    assert!(main.contains("Box<dyn Fn(&str) + Send>"), "{main}");
}

#[test]
fn contents_of_an_rc_and_borrowed_arguments() {
    let project = fixed_by("borrowed", "replace_rc_with_arc,take_owned_argument");
    let main = project.read("src/main.rs");
    assert!(main.contains("log: Mutex<Vec<String>>"), "{main}");
    assert!(main.contains("self.moves.fetch_add(1, Ordering::SeqCst);"), "{main}");
    assert!(main.contains("async fn drain(aufträge: mpsc::Receiver<usize>)"), "{main}");
    assert!(main.contains("drain(aufträge).await"), "{main}");
}

#[test]
fn borrow_argument_mutably() {
    let project = fixed_by("borrowed", "replace_rc_with_arc,borrow_argument_mutably");
    let main = project.read("src/main.rs");
    assert!(main.contains("async fn work(mut aufträge: mpsc::Receiver<usize>)"), "{main}");
    assert!(main.contains("drain(&mut aufträge).await"), "{main}");
}

#[test]
fn a_promise_reaches_other_members_and_tests() {
    let ids = "add_send_to_trait_object,add_send_sync_to_error";
    let project = fixed_by("members", ids);
    let core = project.read("core/src/lib.rs");
    assert!(core.contains("Box<dyn Fn(&str) + Send + Sync>;"), "{core}");
    assert!(core.contains("größe: impl Fn(&str) + Send + Sync + 'static"), "{core}");
    assert!(core.contains("Box<dyn std::error::Error + Send + Sync>;"), "{core}");
    let test = project.read("tests/listening.rs");
    assert!(test.contains("Arc::new(Mutex::new(Vec::new()))"), "{test}");
    assert!(test.contains("log.lock().unwrap().push("), "{test}");
}
