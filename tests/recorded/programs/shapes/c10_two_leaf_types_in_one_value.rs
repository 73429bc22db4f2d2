// toolchain: any
use std::{cell::Cell, future::Future, rc::Rc};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
async fn a() {
    let both = (Rc::new(1u8), Rc::new(2u16), std::ptr::null::<u8>());
    io().await;
    drop(both);
}
async fn r(c: &(Rc<u8>, Cell<u8>)) { io().await; drop(c); }
pub fn main(c: &(Rc<u8>, Cell<u8>)) { spawn(a()); spawn(r(c)); }
