// toolchain: any
// where the same future meets two Send bounds in one call
use std::{future::Future, rc::Rc};
fn spawn2<A: Future + Send, B: Future + Send>(_a: A, _b: B) {}
fn spawn_all<F: Future + Send>(_f: Vec<F>) {}
fn spawn_dyn(_f: Vec<Box<dyn Future<Output = ()> + Send>>) {}
async fn io() {}
async fn a() { let rc = Rc::new(1u8); io().await; drop(rc); }
pub fn t() { spawn2(a(), a()); }
pub fn t2() { spawn_all(vec![a(), a()]); }
pub fn t3() { spawn_dyn(vec![Box::new(a()), Box::new(io())]); }
pub fn t4() { spawn_dyn(vec![Box::new(async { let x = Rc::new(1u8); io().await; drop(x) }), Box::new(async { let y = Rc::new(1u8); io().await; drop(y) })]); }
