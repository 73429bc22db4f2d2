// toolchain: any
use std::{future::Future, sync::{Arc, Mutex}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
async fn work(state: Arc<Mutex<u32>>) {
    let mut guard = state.lock().unwrap();
    *guard += 1;
    io().await;
    *guard += 1;
}
pub fn main() {
    spawn(work(Arc::new(Mutex::new(0))));
}
