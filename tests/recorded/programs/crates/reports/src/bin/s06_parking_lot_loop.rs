#![allow(dead_code, unused)]
// situation: a parking_lot write guard is taken once for a whole loop of awaits
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc};
async fn resolve(_name: &str) -> u8 { 1 }
async fn refresh(table: Arc<RwLock<HashMap<String, u8>>>) {
    let mut table = table.write();
    for (name, address) in table.iter_mut() {
        *address = resolve(name).await;
    }
}
fn main() { tokio::spawn(refresh(Arc::default())); }
