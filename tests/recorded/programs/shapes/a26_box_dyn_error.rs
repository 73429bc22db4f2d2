// edition: 2021
// toolchain: any
use std::{error::Error, future::Future};
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
fn fallible() -> Result<u8, Box<dyn Error>> { Ok(1) }
async fn binding() {
    let r = fallible();
    io().await;
    let _ = r;
}
async fn match_err() {
    match fallible() {
        Ok(_) => {}
        Err(e) => { io().await; println!("{e}"); }
    }
}
async fn iflet_err() {
    if let Err(e) = fallible() {
        println!("{e}");
        io().await;
    }
}
async fn iflet_tostring() {
    if let Err(e) = fallible().map_err(|e| e.to_string()) {
        println!("{e}");
        io().await;
    }
}
async fn iflet_ok() {
    if let Ok(v) = fallible() {
        io().await;
        println!("{v}");
    }
}
async fn question() -> Result<(), Box<dyn Error>> {
    let v = fallible()?;
    io().await;
    println!("{v}");
    Ok(())
}
async fn awaits_question() { let _ = question().await; io().await; }
pub fn main() {
    spawn(binding());
    spawn(match_err());
    spawn(iflet_err());
    spawn(iflet_tostring());
    spawn(iflet_ok());
    spawn(question());
    spawn(awaits_question());
}
