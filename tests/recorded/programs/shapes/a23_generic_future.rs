// toolchain: any
use std::future::Future;
fn spawn<F: Future + Send>(_f: F) {}
pub fn run<F: Future<Output = ()>>(f: F) {
    spawn(async move { f.await; });
}
pub async fn awaits<F: Future<Output = ()>>(f: F) { f.await }
pub fn run2<F: Future<Output = ()>>(f: F) {
    spawn(awaits(f));
}
pub async fn awaits_impl(f: impl Future<Output = ()>) { f.await }
pub fn run3(f: impl Future<Output = ()>) {
    spawn(awaits_impl(f));
}
