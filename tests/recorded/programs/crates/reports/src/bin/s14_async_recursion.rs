#![allow(dead_code, unused)]
// situation: async_recursion boxes a body with a guard
use std::sync::Mutex;
static DEPTH: Mutex<u32> = Mutex::new(0);
#[async_recursion::async_recursion]
async fn walk(n: u32) {
    let mut depth = DEPTH.lock().unwrap();
    *depth += 1;
    if n > 0 {
        walk(n - 1).await;
    }
}
fn main() {}
