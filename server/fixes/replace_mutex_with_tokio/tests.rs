//! What the draft alone does; the rounds are tested with the compiler.

use camino::Utf8Path;

use super::{imports, names::LockTarget};
use crate::{
    fixes::{
        retype::World,
        tests::{check, check_declines},
    },
    sources::Sources,
};

const ID: &str = "replace_mutex_with_tokio";
const TY: &str = "std::sync::MutexGuard<'_, u8>";

#[track_caller]
fn check_with_tokio(before: &str, after: &str) {
    check(ID, TY, before, after);
}

#[test]
fn the_field_behind_self() {
    check_with_tokio(
        "
use std::sync::Mutex;
struct Żółw { a: Mutex<u8>, b: Mutex<u8> }
impl Żółw {
    async fn f(&self) {
        let $0guard$0 = self.a.lock().unwrap();
        io().$1await;
    }
}",
        "
use std::sync::Mutex;
struct Żółw { a: tokio::sync::Mutex<u8>, b: Mutex<u8> }
impl Żółw {
    async fn f(&self) {
        let guard = self.a.lock().unwrap();
        io().await;
    }
}",
    );
}

#[test]
fn declines_for_other_guards_and_tokios_own() {
    check_declines(ID, "Ref<'_, u8>", "async fn f() { let $0x$0 = cell.borrow(); io().$1await; }");
    check_declines(
        ID,
        TY,
        "
use tokio::sync::Mutex;
async fn f(m: &Mutex<u8>) { let $0x$0 = m.lock(); io().$1await; }",
    );
}

#[track_caller]
fn check_shortened(before: &str, after: &str) {
    let mut sources = Sources::default();
    sources.insert("src/lib.rs", before);
    let target = LockTarget { name: "Mutex", names: &["Mutex", "MutexGuard"] };
    let world = World::with_edition(&sources, "2021");
    let file = Utf8Path::new("src/lib.rs");
    let sites = imports::shorten(&world, file, &target).unwrap_or_default();
    let changed = sources.apply(&world.edits(sites)).unwrap();
    assert_eq!(&**changed.text(file).unwrap(), after);
}

#[test]
fn grouped_imports_are_split() {
    check_shortened(
        "use std::sync::{Arc, Mutex};\nuse std::time::Duration;\n\ntype Ż = Arc<tokio::sync::Mutex<u8>>;\n",
        "use std::sync::Arc;\nuse std::time::Duration;\nuse tokio::sync::Mutex;\n\ntype Ż = Arc<Mutex<u8>>;\n",
    );
}

#[test]
fn a_single_import_is_replaced_and_an_existing_one_grows() {
    check_shortened(
        "use std::sync::Mutex;\nstatic A: tokio::sync::Mutex<u8> = tokio::sync::Mutex::const_new(1);\n",
        "use tokio::sync::Mutex;\nstatic A: Mutex<u8> = Mutex::const_new(1);\n",
    );
    check_shortened(
        "use parking_lot::Mutex;\nuse tokio::sync::mpsc;\ntype A = tokio::sync::Mutex<u8>;\n",
        "use tokio::sync::{mpsc, Mutex};\ntype A = Mutex<u8>;\n",
    );
}

#[test]
fn a_name_with_other_uses_stays_long() {
    let text = "use std::sync::Mutex;\ntype A = tokio::sync::Mutex<u8>;\ntype B = Mutex<u8>;\n";
    check_shortened(text, text);
}
