// situation: a macro of ours declares the guard under the caller's name
use std::{future::Future, sync::{Arc, Mutex}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
macro_rules! locked {
    ($guard:ident in $mutex:expr) => {
        let $guard = $mutex.lock().unwrap();
    };
}
async fn run(m: Arc<Mutex<u8>>) {
    locked!(value in m);
    io().await;
    println!("{value}");
}
pub fn start() { spawn(run(Default::default())); }
