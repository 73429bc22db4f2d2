#![allow(dead_code, unused)]
// situation: a thread generator is kept over a sleep with jitter
use rand::Rng;
use std::time::Duration;
async fn backoff() {
    let mut rng = rand::rng();
    for attempt in 0..5_u64 {
        let jitter = rng.random_range(0..100);
        tokio::time::sleep(Duration::from_millis(attempt * 100 + jitter)).await;
    }
}
fn main() { tokio::spawn(backoff()); }
