// toolchain: any
use std::{cell::Cell, future::Future, rc::Rc, sync::mpsc};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
pub fn by_move() {
    let rc = Rc::new(1);
    spawn(async move { println!("{rc}"); });
}
pub fn by_ref() {
    let cell = Cell::new(1);
    spawn(async { cell.set(2); });
}
pub fn by_mut_ref() {
    let mut rc = Rc::new(1);
    spawn(async { rc = Rc::new(2); });
    drop(rc);
}
pub fn rx() {
    let (_tx, rx) = mpsc::channel::<u8>();
    spawn(async { let _ = rx.recv(); });
}
pub fn param_ref(r: &mpsc::Receiver<u8>) {
    spawn(async move { let _ = r.recv(); });
}
pub fn param_mut(r: &mut Rc<u8>) {
    spawn(async move { *r = Rc::new(2); });
}
pub fn captured_across() {
    let rc = Rc::new(1);
    spawn(async move { io().await; println!("{rc}"); });
}
pub fn field(s: (Rc<u8>, u8)) {
    spawn(async move { io().await; println!("{}", s.0); });
}
