// situation: a fn promises BoxFuture + Send, its block keeps an Rc
use std::{future::Future, pin::Pin, rc::Rc};
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
async fn io() {}
pub fn task(n: u8) -> BoxFuture<u8> {
    Box::pin(async move {
        let shared = Rc::new(n);
        io().await;
        *shared
    })
}
