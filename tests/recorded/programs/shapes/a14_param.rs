// toolchain: any
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
async fn used(rc: Rc<u8>) {
    io().await;
    println!("{rc}");
}
async fn unused(_rc: Rc<u8>) {
    io().await;
}
async fn by_ref(cell: &std::cell::Cell<u8>) {
    io().await;
    cell.set(1);
}
async fn tuple_pat((a, _b): (Rc<u8>, u8)) {
    io().await;
    println!("{a}");
}
pub fn main() {
    spawn(used(Rc::new(1)));
    spawn(unused(Rc::new(1)));
    let c = std::cell::Cell::new(1);
    spawn(by_ref(&c));
    spawn(tuple_pat((Rc::new(1), 1)));
}
