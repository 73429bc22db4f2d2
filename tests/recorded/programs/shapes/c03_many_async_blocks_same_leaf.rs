// toolchain: any
// async BLOCKS in one fn: checked after typeck, in one go; second error with the same leaf type vanishes
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
pub fn main() {
    spawn(async { let first = Rc::new(1u8); io().await; drop(first); });
    spawn(async { let second = Rc::new(2u8); io().await; drop(second); });
    spawn(async { let third = Rc::new(2u16); io().await; drop(third); });
}
