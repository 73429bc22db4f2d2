// toolchain: any
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
async fn level3() {
    let deep = Rc::new(1);
    io().await;
    println!("{deep}");
}
async fn level2() { level3().await; }
async fn level1() { level2().await; }
pub fn main() {
    spawn(async { level1().await });
}
