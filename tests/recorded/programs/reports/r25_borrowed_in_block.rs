// situation: an async block without `move` borrows a cell
use std::{cell::Cell, future::Future};
fn scope<F: Future + Send>(_f: F) {}
async fn io() {}
pub fn start() {
    let hits = Cell::new(0);
    scope(async {
        io().await;
        hits.set(hits.get() + 1);
    });
}
