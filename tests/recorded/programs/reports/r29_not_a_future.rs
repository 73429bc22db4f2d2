// situation: threads, statics and scoped closures have nothing to do with futures
use std::{cell::Cell, rc::Rc, thread};
static COUNT: Cell<u8> = Cell::new(0);
fn needs_send<T: Send>(_t: T) {}
pub fn start() {
    let shared = Rc::new(1);
    thread::spawn(move || println!("{shared}"));
    needs_send(Rc::new(2));
    let hits = Cell::new(0);
    thread::scope(|scope| { scope.spawn(|| hits.set(1)); });
    let _ = &COUNT;
}
