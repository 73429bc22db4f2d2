#![allow(dead_code, unused)]
// situation: axum middleware from a fn keeps an Rc over next.run
use axum::{Router, extract::Request, middleware::{Next, from_fn}, response::Response};
use std::rc::Rc;
async fn timing(request: Request, next: Next) -> Response {
    let started = Rc::new(std::time::Instant::now());
    let response = next.run(request).await;
    println!("{:?}", started.elapsed());
    response
}
fn router() -> Router { Router::new().layer(from_fn(timing)) }
fn main() {}
