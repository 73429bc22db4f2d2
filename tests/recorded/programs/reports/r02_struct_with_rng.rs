// situation: tokio#1913: a struct of ours hides a generator that is not Send
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
struct Generator { state: Rc<u64> }
impl Generator {
    fn new() -> Self { Self { state: Rc::new(1) } }
    async fn next(&self) -> u64 { *self.state }
}
async fn serve(connections: Vec<u8>) {
    let generator = Generator::new();
    for _connection in connections {
        let n = generator.next().await;
        println!("{n}");
    }
}
pub fn start() { spawn(serve(vec![1])); }
