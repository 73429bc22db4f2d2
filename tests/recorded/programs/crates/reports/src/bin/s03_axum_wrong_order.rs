#![allow(dead_code, unused)]
// situation: the body extractor comes first: the same words, but the future is Send
use axum::{Router, extract::Path, routing::post};
async fn create(_body: String, Path(_id): Path<u64>) -> String { String::new() }
fn router() -> Router { Router::new().route("/{id}", post(create)) }
fn main() {}
