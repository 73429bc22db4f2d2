#![allow(dead_code, unused)]
// situation: async-stream: a guard is alive at a yield
use futures::Stream;
use std::sync::{Arc, Mutex};
fn lines(source: Arc<Mutex<Vec<String>>>) -> impl Stream<Item = String> + Send {
    async_stream::stream! {
        let lines = source.lock().unwrap();
        for line in lines.iter() {
            yield line.clone();
        }
    }
}
fn main() {}
