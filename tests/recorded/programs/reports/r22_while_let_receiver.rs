// situation: a worker takes from a std channel through a shared reference
use std::{future::Future, sync::{Arc, mpsc::Receiver}};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn work(_job: u8) {}
pub fn start(jobs: Arc<Receiver<u8>>) {
    spawn(async move {
        while let Ok(job) = jobs.recv() {
            work(job).await;
        }
    });
}
