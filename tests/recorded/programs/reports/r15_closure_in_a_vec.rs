// situation: boxed callbacks without Send are called one after the other
use std::future::Future;
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io(_n: u8) {}
pub type Hook = Box<dyn Fn(u8) -> u8>;
async fn run_all(hooks: Vec<Hook>) {
    for hook in &hooks {
        let n = hook(1);
        io(n).await;
    }
}
pub fn start(hooks: Vec<Hook>) { spawn(run_all(hooks)); }
