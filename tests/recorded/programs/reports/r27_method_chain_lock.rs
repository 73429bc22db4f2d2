// situation: a value read through a lock goes straight into an awaited call
use std::{future::Future, sync::{Arc, RwLock}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn fetch(_url: String) -> String { String::new() }
pub struct Config { url: String }
async fn update(config: Arc<RwLock<Config>>) {
    let body = fetch(config.read().unwrap().url.clone()).await;
    config.write().unwrap().url = body;
}
pub fn start(config: Arc<RwLock<Config>>) { spawn(update(config)); }
