#![allow(dead_code, unused)]
// situation: an axum handler closure holds a std guard over an await
use axum::{Router, routing::get};
use std::sync::{Arc, Mutex};
async fn io() {}
fn router() -> Router {
    let counter = Arc::new(Mutex::new(0));
    Router::new().route("/", get(move || {
        let counter = Arc::clone(&counter);
        async move {
            let mut number = counter.lock().unwrap();
            *number += 1;
            io().await;
            format!("{number}")
        }
    }))
}
fn main() {}
