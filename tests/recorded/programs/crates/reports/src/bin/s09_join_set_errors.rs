#![allow(dead_code, unused)]
// situation: a JoinSet collects results whose error is a plain Box<dyn Error>
use std::error::Error;
use tokio::task::JoinSet;
async fn fetch(_n: u8) -> Result<u8, Box<dyn Error>> { Ok(1) }
async fn all() {
    let mut tasks = JoinSet::new();
    for n in 0..3 {
        tasks.spawn(async move { fetch(n).await });
    }
    while let Some(done) = tasks.join_next().await { drop(done); }
}
fn main() {}
