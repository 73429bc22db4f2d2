// situation: z.id.vn/why-does-generic-axum-route: an async fn of a trait under a generic bound
use std::{future::Future, sync::Arc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
#[allow(async_fn_in_trait)]
pub trait Handler {
    async fn handle(&self) -> u8;
}
async fn route<H: Handler>(state: Arc<H>) {
    let n = state.handle().await;
    println!("{n}");
}
pub fn build<H: Handler + Send + Sync + 'static>(handler: H) { spawn(route(Arc::new(handler))); }
