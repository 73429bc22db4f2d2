// situation: two values of one type: the second hides behind the first
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
async fn both() {
    let first = Rc::new(1);
    let second = Rc::new(2);
    io().await;
    println!("{first}");
    io().await;
    println!("{second}");
}
pub fn start() { spawn(both()); }
