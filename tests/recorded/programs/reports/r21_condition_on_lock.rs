// situation: `if let` on a lock with the await in the else branch, edition 2021
use std::{future::Future, sync::{Arc, Mutex}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn refill() {}
async fn pop(queue: Arc<Mutex<Vec<u8>>>) {
    if let Some(item) = queue.lock().unwrap().pop() {
        println!("{item}");
    } else {
        refill().await;
    }
}
pub fn start() { spawn(pop(Default::default())); }
