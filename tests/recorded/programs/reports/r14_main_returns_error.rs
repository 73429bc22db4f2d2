// situation: a spawned block ends in Result<_, Box<dyn Error>>
use std::{error::Error, future::Future};
pub struct JoinHandle<T>(Option<T>);
fn spawn<F>(_f: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    JoinHandle(None)
}
async fn run() -> Result<(), Box<dyn Error>> { Ok(()) }
pub fn start() {
    let _handle = spawn(async move {
        run().await?;
        Ok::<(), Box<dyn Error>>(())
    });
}
