// situation: rust#63768 and its many duplicates: drop(guard) before the await does not help
use std::{future::Future, sync::{Arc, Mutex}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn publish(_n: usize) {}
async fn push(list: Arc<Mutex<Vec<u8>>>) {
    let mut guard = list.lock().unwrap();
    guard.push(1);
    let n = guard.len();
    drop(guard);
    publish(n).await;
}
pub fn start(list: Arc<Mutex<Vec<u8>>>) { spawn(push(list)); }
