// situation: the next step of many: Arc around a RefCell is still not Send
use std::{cell::RefCell, future::Future, sync::Arc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn request() {}
pub fn serve() {
    let counter = Arc::new(RefCell::new(0));
    let shared = Arc::clone(&counter);
    spawn(async move {
        request().await;
        *shared.borrow_mut() += 1;
    });
}
