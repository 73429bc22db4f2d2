// toolchain: any
// several !Send values across several awaits in ONE async fn, one spawn
use std::{cell::Cell, future::Future, rc::Rc, sync::Mutex};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
static M: Mutex<u8> = Mutex::new(1);
async fn same_type() {
    let a = Rc::new(1u8);
    let b = Rc::new(2u8);
    io().await;
    drop((a, b));
    let c = Rc::new(3u8);
    io().await;
    println!("{c}");
}
async fn different_types() {
    let a = Rc::new(1u8);
    let b = Rc::new(2u16);
    let g = M.lock().unwrap();
    let cell = Cell::new(1);
    let r = &cell;
    io().await;
    println!("{a}{b}{g}{}", r.get());
    io().await;
    println!("{b}");
}
pub fn main() { spawn(same_type()); }
pub fn main2() { spawn(different_types()); }
