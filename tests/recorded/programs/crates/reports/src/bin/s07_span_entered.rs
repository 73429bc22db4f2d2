#![allow(dead_code, unused)]
// situation: tracing: an entered span is kept over an await
use tracing::info_span;
async fn io() {}
async fn handle(id: u64) {
    let _span = info_span!("handle", id).entered();
    io().await;
}
fn main() { tokio::spawn(handle(1)); }
