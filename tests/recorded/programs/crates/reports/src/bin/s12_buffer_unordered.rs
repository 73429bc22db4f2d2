#![allow(dead_code, unused)]
// situation: buffer_unordered over borrowed items is not general enough
use futures::{StreamExt, stream};
async fn get(_url: &str) -> usize { 1 }
async fn all(urls: Vec<String>) -> usize {
    stream::iter(urls.iter()).map(|url| async move { get(url).await }).buffer_unordered(4).collect::<Vec<_>>().await.len()
}
fn main() { tokio::spawn(all(Vec::new())); }
