// toolchain: any
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
pub fn nested_blocks() {
    spawn(async {
        let inner = async { let rc = Rc::new(1); io().await; drop(rc); };
        inner.await;
    });
}
pub fn async_block_in_fn() { spawn(f()); }
async fn f() {
    let inner = async { let rc = Rc::new(1u16); io().await; drop(rc); };
    inner.await;
}
pub fn captured_in_inner() {
    spawn(async {
        let rc = Rc::new(1u32);
        let inner = async { println!("{rc}"); };
        inner.await;
    });
}
pub fn closure_returning() {
    let mk = |n: u64| async move { let rc = Rc::new(n); io().await; drop(rc); };
    spawn(mk(1));
}
