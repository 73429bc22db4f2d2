//! `sendlens fix`: what it writes, what it leaves, what it refuses.

use std::process::Command;

use expect_test::expect;

use crate::package::Package;

/// Three guards in two fns: rustc shows the second of `two` once the first is gone.
const GUARDS: &str = "\
async fn żółw(m: Arc<Mutex<u64>>) {
    let guard = m.lock().unwrap();
    let n = *guard;
    tick(n).await;
}
async fn two(m: Arc<Mutex<u64>>) {
    let a = m.lock().unwrap();
    let n = *a + 1;
    tick(n).await;
    let b = m.lock().unwrap();
    let k = *b + 1;
    tick(k).await;
}
fn main() {
    spawn(żółw(Default::default()));
    spawn(two(Default::default()));
}
";

/// Nothing helps: the parameter lives as long as its body.
const STAYS: &str = "\
async fn stays(raw: *const u8) {
    tick(1).await;
    println!(\"{raw:?}\");
}
fn main() {
    spawn(stays(std::ptr::null()));
}
";

#[test]
fn rounds_until_clean() {
    let package = Package::new(GUARDS);
    package.commit();
    let ran = package.run("fix");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.ends_with("fixed 3, left 0\n"), "{}", ran.stderr);
    assert!(!package.compiler_json().contains("\"level\":\"error\""));
    let ran = package.run("fix --allow-dirty");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "nothing to fix\n"));
}

#[cfg(unix)]
#[test]
fn killed_while_the_compiler_is_asked_the_tree_is_as_it_was() {
    let package = Package::new(GUARDS);
    package.commit();
    // cargo never answers on the copy of the workspace.
    let log = package.path("target/log");
    std::fs::create_dir(package.path("target")).unwrap();
    let script = format!(
        "case $PWD in */sendlens-*) echo $$ >{0}.new; mv {0}.new {0}; exec sleep 600;; esac
        exec cargo \"$@\"",
        log.display()
    );
    let cargo = package.script("target/cargo.sh", &script);
    let mut fix = package.command("fix").env("CARGO", cargo).spawn().unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !log.exists() {
        assert!(std::time::Instant::now() < end, "the compiler was not asked");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    fix.kill().unwrap();
    fix.wait().unwrap();
    let orphan = package.read("target/log");
    Command::new("kill").arg(orphan.trim()).status().unwrap();
    assert_eq!(package.git("status --porcelain"), "");
    let ran = package.run("fix");
    assert!(ran.stderr.ends_with("fixed 3, left 0\n"), "{}", ran.stderr);
}

#[test]
fn a_dry_run_is_a_diff_that_applies() {
    let package = Package::new(GUARDS);
    let before = package.read("src/main.rs");
    let ran = package.run("fix --dry-run");
    assert_eq!(package.read("src/main.rs"), before);
    expect![[r#"
        --- a/src/main.rs
        +++ b/src/main.rs
        @@ -2,13 +2,17 @@
         pub fn spawn<F: Future + Send + 'static>(_: F) {}
         pub async fn tick(_: u64) {}
         async fn żółw(m: Arc<Mutex<u64>>) {
        -    let guard = m.lock().unwrap();
        -    let n = *guard;
        +    let n = {
        +        let guard = m.lock().unwrap();
        +        *guard
        +    };
             tick(n).await;
         }
         async fn two(m: Arc<Mutex<u64>>) {
        -    let a = m.lock().unwrap();
        -    let n = *a + 1;
        +    let n = {
        +        let a = m.lock().unwrap();
        +        *a + 1
        +    };
             tick(n).await;
             let b = m.lock().unwrap();
             let k = *b + 1;
    "#]]
    .assert_eq(&ran.stdout);
    package.write("a.diff", &ran.stdout);
    let mut git = Command::new("git");
    let applied = git.args(["apply", "a.diff"]).current_dir(package.path(".")).status().unwrap();
    assert!(applied.success());
    assert_ne!(package.read("src/main.rs"), before);
}

#[test]
fn what_has_no_fix_is_left_and_said() {
    let package = Package::new(STAYS);
    let before = package.read("src/main.rs");
    let ran = package.run("fix --allow-no-vcs --only enclose_in_block");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("fixed 0, left 1"), "{}", ran.stderr);
    assert_eq!(package.read("src/main.rs"), before);
}

#[test]
fn read_only_files_are_left() {
    let package = Package::new(GUARDS);
    let file = package.path("src/main.rs");
    let mut permissions = file.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&file, permissions).unwrap();
    let ran = package.run("fix --allow-no-vcs");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("src/main.rs is read-only"), "{}", ran.stderr);
}

#[test]
fn refusals() {
    let package = Package::new(GUARDS);
    let before = package.read("src/main.rs");
    let refused = |line: &str, words: &str| {
        let ran = package.run(line);
        assert_eq!(ran.code, 2, "{line}");
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    };
    refused("fix", "--allow-no-vcs");
    refused("fix --only nonsense", "the fixes are enclose_in_block");
    package.commit();
    package.write("new.txt", "");
    refused("fix", "new.txt");
    assert_eq!(package.read("src/main.rs"), before);
}

/// A raw pointer stays over an await, so rustc does not look at the borrows of `main` by itself.
fn behind_another_error(uses: &str) -> Package {
    let package = Package::new(&format!(
        "fn main() {{
    let names: Arc<Mutex<Vec<String>>> = Arc::default();
    spawn(async move {{
        let guard = names.lock().unwrap();
{uses}        let raw: *const u8 = std::ptr::null();
        tick(2).await;
        println!(\"{{raw:?}}\");
    }});
}}
"
    ));
    // What is asked of rustc must be allowed wherever people write it.
    package.with_head("#![forbid(unsafe_code)]");
    package
}

#[test]
fn what_a_fix_leaves_unused_is_no_error_where_warnings_are() {
    let package = Package::new(
        "use std::rc::Rc;
async fn żółw(m: Arc<Mutex<u64>>) {
    let shared = Rc::new(*m.lock().unwrap());
    tick(*shared).await;
    drop(shared);
}
fn main() {
    spawn(żółw(Default::default()));
}
",
    );
    package.with_head("#![deny(warnings, unused_qualifications)]");
    let ran = package.run("fix --allow-no-vcs --only replace_rc_with_arc");
    assert!(ran.stderr.ends_with("fixed 1, left 0\n"), "{}", ran.stderr);
    assert!(!package.read("src/main.rs").contains("Rc;"), "{}", package.read("src/main.rs"));
}

#[test]
fn a_fix_may_not_break_borrows_behind_another_error() {
    let package = behind_another_error(
        "        let żółw = guard[0].as_str();
        let żółw = match żółw.len() { 0 => \"-\", _ => żółw };
        tick(1).await;
        println!(\"{żółw}\");
",
    );
    let before = package.read("src/main.rs");
    let ran = package.run("fix --allow-no-vcs --only enclose_in_block,drop_before_await");
    assert!(ran.stderr.contains("fixed 0"), "{}", ran.stderr);
    assert_eq!(package.read("src/main.rs"), before);
}

#[test]
fn a_fix_may_leave_another_error_behind() {
    let package = behind_another_error(
        "        let żółw = guard[0].clone();
        tick(żółw.len() as u64).await;
",
    );
    let ran = package.run("fix --allow-no-vcs --only enclose_in_block,drop_before_await");
    assert!(ran.stderr.contains("fixed 1, left 1"), "{}", ran.stderr);
    assert!(package.read("src/main.rs").contains("            guard[0].clone()\n"));
}

#[test]
fn guards_that_clippy_reports() {
    // Nobody demands `Send`: only the lint speaks.
    let package = Package::new(
        "fn main() {}
pub async fn żółw(m: Arc<Mutex<u64>>) {
    let guard = m.lock().unwrap();
    let n = *guard;
    tick(n).await;
}
",
    );
    let ran = package.run("fix --allow-no-vcs");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "nothing to fix\n"));
    let ran = package.run("fix --clippy --allow-no-vcs");
    assert!(ran.stderr.ends_with("fixed 1, left 0\n"), "{}", ran.stderr);
    assert!(package.read("src/main.rs").contains("        *guard\n    };\n"));
}
