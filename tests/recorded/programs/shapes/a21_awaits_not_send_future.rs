// toolchain: any
use std::{future::Future, pin::Pin, rc::Rc};
fn spawn<F: Future + Send>(_f: F) {}
type Boxed = Pin<Box<dyn Future<Output = ()>>>;
fn boxed() -> Boxed { Box::pin(async {}) }
fn opaque() -> impl Future<Output = ()> { let rc = Rc::new(1); std::future::poll_fn(move |_| { let _ = &rc; std::task::Poll::Ready(()) }) }
async fn a() { boxed().await; }
async fn b() { opaque().await; }
pub fn main() {
    spawn(a());
    spawn(b());
    spawn(async { let f = boxed(); f.await });
}
