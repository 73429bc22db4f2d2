// situation: breez-sdk#595: an object-safe trait returns boxed futures without Send
use std::{future::Future, pin::Pin, sync::Arc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
pub trait Swapper: Send + Sync {
    fn status<'a>(&'a self, id: &'a str) -> Pin<Box<dyn Future<Output = Result<u8, String>> + 'a>>;
}
async fn refresh(swapper: Arc<dyn Swapper>) -> Result<u8, String> {
    let status = match swapper.status("1").await {
        Ok(status) => status,
        Err(error) => return Err(error),
    };
    Ok(status)
}
pub fn start(swapper: Arc<dyn Swapper>) {
    spawn(async move {
        let _ = refresh(swapper).await;
    });
}
