#![allow(dead_code, unused)]
// situation: the culprit is in another crate of the workspace
async fn page() -> usize {
    upstream::calls_holds_rc().await;
    1
}
fn main() { tokio::spawn(async { page().await }); }
