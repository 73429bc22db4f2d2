// situation: a session keeps a guard in a field
use std::{future::Future, sync::{Mutex, MutexGuard}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
static POOL: Mutex<u32> = Mutex::new(0);
struct Session<'a> { slot: MutexGuard<'a, u32>, name: &'static str }
async fn handle() {
    let session = Session { slot: POOL.lock().unwrap(), name: "a" };
    io().await;
    println!("{} {}", session.name, session.slot);
}
pub fn start() { spawn(handle()); }
