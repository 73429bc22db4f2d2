// situation: the state is a tuple, so the compiler names no variable
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
async fn run() {
    let state = (String::from("a"), Rc::new(1));
    io().await;
    println!("{} {}", state.0, state.1);
}
pub fn start() { spawn(run()); }
