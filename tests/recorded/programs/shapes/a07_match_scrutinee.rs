// edition: 2021
// toolchain: any
use std::{collections::HashMap, future::Future, sync::{Arc, Mutex}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
async fn work(m: Arc<Mutex<HashMap<u8, u8>>>) {
    match m.lock().unwrap().get(&1) {
        Some(_) => io().await,
        None => {}
    }
}
pub fn main() {
    spawn(work(Default::default()));
}
