// toolchain: any
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
async fn work() {
    let items: Vec<Rc<u8>> = vec![];
    for item in items.iter() {
        io().await;
        let _ = item;
    }
}
async fn into_iter() {
    for item in vec![Rc::new(1u8)] {
        let _ = item;
        io().await;
    }
}
pub fn main() {
    spawn(work());
    spawn(into_iter());
}
