// situation: rust#102211: an iterator of borrowing closures across an await is not general enough
use std::future::Future;
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn send(_line: &str) {}
async fn upload(pages: Vec<Vec<String>>) {
    for line in pages.iter().map(|page| page.iter()).flatten() {
        send(line).await;
    }
}
pub fn start() { spawn(upload(Vec::new())); }
