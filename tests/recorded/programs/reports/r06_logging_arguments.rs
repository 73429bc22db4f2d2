// situation: stalwart#337: a logging macro keeps its format arguments over an await inside
use std::{fmt, future::Future};
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn write(_text: fmt::Arguments<'_>) { io().await; }
async fn io() {}
macro_rules! log { ($($arg:tt)*) => { write(format_args!($($arg)*)).await } }
async fn rename(from: String, to: String) {
    log!("{from} to {to}");
}
pub fn start() { spawn(rename(String::new(), String::new())); }
