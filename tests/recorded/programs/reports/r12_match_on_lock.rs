// situation: a cache: the miss branch of a match on a locked map awaits
use std::{collections::HashMap, future::Future, sync::{Arc, Mutex}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn download(_key: u32) -> String { String::new() }
struct Cache { entries: Mutex<HashMap<u32, String>> }
impl Cache {
    async fn get(self: Arc<Self>, key: u32) -> String {
        match self.entries.lock().unwrap().get(&key).cloned() {
            Some(hit) => hit,
            None => {
                let text = download(key).await;
                text
            }
        }
    }
}
pub fn start(cache: Arc<Cache2>) { spawn(cache.0.clone().get(1)); }
pub struct Cache2(Arc<Cache>);
