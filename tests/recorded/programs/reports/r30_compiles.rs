// situation: guards and Rc that end before the await
use std::{future::Future, rc::Rc, sync::{Arc, Mutex}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io(_n: usize) {}
async fn push(list: Arc<Mutex<Vec<u8>>>) {
    let n = { let mut guard = list.lock().unwrap(); guard.push(1); guard.len() };
    let text = { let shared = Rc::new(n); shared.to_string() };
    io(text.len()).await;
}
pub fn start(list: Arc<Mutex<Vec<u8>>>) { spawn(push(list)); }
