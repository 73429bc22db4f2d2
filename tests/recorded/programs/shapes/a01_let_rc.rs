// toolchain: any
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
async fn work() {
    let counter = Rc::new(1);
    io().await;
    println!("{counter}");
}
pub fn main() {
    spawn(work());
}
