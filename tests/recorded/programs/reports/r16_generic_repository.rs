// situation: a generic service forgets the Send and Sync bounds of its repository
use std::{future::Future, sync::Arc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
pub trait Repository { fn load(&self) -> u8; }
pub fn start<R: Repository + 'static>(repository: Arc<R>) {
    spawn(async move {
        io().await;
        println!("{}", repository.load());
    });
}
