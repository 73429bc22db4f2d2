// situation: a crawler spawns itself for every link
use std::future::Future;
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn links(_url: String) -> Vec<String> { Vec::new() }
pub async fn crawl(url: String, depth: u8) {
    for link in links(url).await {
        if depth > 0 {
            spawn(crawl(link, depth - 1));
        }
    }
}
