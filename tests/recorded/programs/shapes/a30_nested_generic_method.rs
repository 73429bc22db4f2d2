// toolchain: any
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
struct Svc<T> { t: T }
impl<T: Clone> Svc<T> {
    async fn inner(&self) { let held = (self.t.clone(), Rc::new(1)); io().await; drop(held); }
    async fn outer(&self) { self.inner().await; }
}
pub fn main(s: &Svc<u8>) {
    spawn(s.outer());
}
