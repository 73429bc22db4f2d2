// situation: rusqlite#697: a transaction borrows a connection that is not Sync
use std::{cell::RefCell, future::Future};
fn spawn<F: Future + Send + 'static>(_f: F) {}
pub struct Connection { inner: RefCell<u8> }
pub struct Transaction<'c> { connection: &'c Connection }
impl Connection {
    fn open() -> Self { Self { inner: RefCell::new(0) } }
    fn transaction(&self) -> Transaction<'_> { Transaction { connection: self } }
}
impl Transaction<'_> { fn commit(self) { *self.connection.inner.borrow_mut() += 1; } }
async fn fetch() {}
pub fn start() {
    spawn(async {
        let connection = Connection::open();
        let transaction = connection.transaction();
        fetch().await;
        transaction.commit();
    });
}
