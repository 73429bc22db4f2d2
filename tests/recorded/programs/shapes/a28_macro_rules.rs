// toolchain: any
use std::{future::Future, rc::Rc};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
macro_rules! make { ($n:ident) => { let $n = Rc::new(1); }; }
macro_rules! mk_hidden { () => { Rc::new(1) }; }
macro_rules! wait { ($e:expr) => { $e.await }; }
macro_rules! spawn_it { ($e:expr) => { spawn($e) }; }
macro_rules! whole { () => {{ let hidden = Rc::new(1); io().await; drop(hidden); }}; }
macro_rules! do_spawn { ($b:block) => { spawn(async move $b) }; }
async fn let_in_macro() { make!(rc); io().await; drop(rc); }
async fn init_in_macro() { let rc = mk_hidden!(); io().await; drop(rc); }
async fn await_in_macro() { let rc = Rc::new(1); wait!(io()); drop(rc); }
async fn all_in_macro() { whole!(); }
async fn plain() { let rc = Rc::new(1); io().await; drop(rc); }
pub fn main() {
    spawn(let_in_macro());
    spawn(init_in_macro());
    spawn(await_in_macro());
    spawn(all_in_macro());
    spawn_it!(plain());
    do_spawn!({ let rc = Rc::new(1); io().await; drop(rc); });
}
