#![allow(dead_code, unused)]
// situation: async-trait: an implementation with a RefCell is shared behind &self
use async_trait::async_trait;
use std::cell::RefCell;
#[async_trait]
trait Store { async fn add(&self, n: u8); }
struct Memory { items: RefCell<Vec<u8>> }
async fn io() {}
#[async_trait]
impl Store for Memory {
    async fn add(&self, n: u8) {
        io().await;
        self.items.borrow_mut().push(n);
    }
}
fn main() {}
