#![allow(dead_code, unused)]
// situation: a loop of select! keeps a cell between rounds
use std::{cell::RefCell, rc::Rc, time::Duration};
async fn work() -> u8 { 1 }
async fn run() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    loop {
        tokio::select! {
            n = work() => seen.borrow_mut().push(n),
            _ = tokio::time::sleep(Duration::from_secs(1)) => break,
        }
    }
}
fn main() { tokio::spawn(run()); }
