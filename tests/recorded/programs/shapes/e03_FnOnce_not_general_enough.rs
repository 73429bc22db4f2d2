// toolchain: any
// expect: error
use std::future::Future;
fn spawn<F: Future + Send>(_f: F) {}
async fn io() {}
async fn rows(grid: Vec<Vec<u8>>) {
    for _cell in grid.iter().map(|row| row.iter()).flatten() { io().await; }
}
async fn flat_map_ok(grid: Vec<Vec<u8>>) {
    for _cell in grid.iter().flat_map(|row| row.iter()) { io().await; }
}
async fn collected(grid: Vec<Vec<u8>>) {
    let cells: Vec<&u8> = grid.iter().map(|row| row.iter()).flatten().collect();
    for _cell in cells { io().await; }
}
async fn flatten_direct(grid: Vec<Vec<u8>>) {
    for _cell in grid.iter().flatten() { io().await; }
}
pub fn a() { spawn(rows(vec![])); }
pub fn b() { spawn(flat_map_ok(vec![])); }
pub fn c() { spawn(collected(vec![])); }
pub fn d() { spawn(flatten_direct(vec![])); }
