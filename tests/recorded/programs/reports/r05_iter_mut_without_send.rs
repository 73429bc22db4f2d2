// situation: futures-rs#1801: an iterator with raw pointers lives through the loop
use std::{future::Future, marker::PhantomData};
fn spawn<F: Future + Send + 'static>(_f: F) {}
pub struct IterMut<'a> { at: *mut u8, left: usize, owner: PhantomData<&'a mut u8> }
impl<'a> Iterator for IterMut<'a> {
    type Item = usize;
    fn next(&mut self) -> Option<usize> { let _ = self.at; self.left.checked_sub(1) }
}
pub struct Queue(Vec<u8>);
impl Queue {
    fn iter_mut(&mut self) -> IterMut<'_> {
        IterMut { at: self.0.as_mut_ptr(), left: self.0.len(), owner: PhantomData }
    }
}
async fn io(_n: usize) {}
async fn drain(mut queue: Queue) {
    for n in queue.iter_mut() {
        io(n).await;
    }
}
pub fn start() { spawn(drain(Queue(vec![]))); }
