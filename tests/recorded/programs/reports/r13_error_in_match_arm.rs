// situation: a Box<dyn Error> is logged and retried in the arm that awaits
use std::{error::Error, future::Future};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn wait() {}
async fn connect() -> Result<u8, Box<dyn Error>> { Ok(1) }
async fn retry() {
    loop {
        match connect().await {
            Ok(_) => break,
            Err(error) => {
                eprintln!("{error}");
                wait().await;
            }
        }
    }
}
pub fn start() { spawn(retry()); }
