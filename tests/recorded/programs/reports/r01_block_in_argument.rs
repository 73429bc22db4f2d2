// situation: tokio#3885: the block in an argument does not end its temporary before 2024
use std::{future::Future, sync::RwLock, time::Duration};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn sleep(_d: Duration) {}
pub fn start() {
    let pause = RwLock::new(Duration::from_secs(1));
    spawn(async move {
        sleep({ pause.read().unwrap().clone() }).await;
    });
}
