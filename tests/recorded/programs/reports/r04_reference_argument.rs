// situation: rusqlite#1013: a reference to a connection that is not Sync goes into an async fn
use std::{cell::RefCell, future::Future};
fn spawn<F: Future + Send + 'static>(_f: F) {}
pub struct Connection { inner: RefCell<u8> }
async fn io() {}
async fn query(connection: &Connection) {
    io().await;
    *connection.inner.borrow_mut() += 1;
}
pub fn start() {
    spawn(async {
        let connection = Connection { inner: RefCell::new(0) };
        query(&connection).await;
    });
}
