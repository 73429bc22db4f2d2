// situation: a generic async fn keeps Rc<T>; only the caller knows T
use std::{fmt::Debug, future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
async fn share<T: Debug + Clone>(value: T) {
    let shared = Rc::new(value.clone());
    io().await;
    println!("{shared:?}");
}
pub fn start() { spawn(share(vec![1_u8])); }
