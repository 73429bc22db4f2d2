#![allow(dead_code, unused)]
// situation: an axum handler with state reads a locked map and calls out
use axum::{Router, extract::{Path, State}, routing::post};
use std::{collections::HashMap, sync::{Arc, RwLock}};
#[derive(Clone, Default)]
struct App { users: Arc<RwLock<HashMap<u64, String>>> }
async fn audit(_name: &str) {}
async fn rename(State(app): State<App>, Path(id): Path<u64>, name: String) -> String {
    let mut users = app.users.write().unwrap();
    users.insert(id, name.clone());
    audit(&name).await;
    name
}
fn router() -> Router { Router::new().route("/user/{id}", post(rename)).with_state(App::default()) }
fn main() {}
