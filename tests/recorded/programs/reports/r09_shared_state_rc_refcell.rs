// situation: users report a request counter in Rc<RefCell<_>> that an async block captures
use std::{cell::RefCell, future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn request() {}
pub fn serve() {
    let counter = Rc::new(RefCell::new(0));
    for _ in 0..3 {
        let counter = Rc::clone(&counter);
        spawn(async move {
            request().await;
            *counter.borrow_mut() += 1;
        });
    }
}
