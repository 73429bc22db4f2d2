// situation: a raw handle of a C library is read before and after an await
use std::future::Future;
fn spawn<F: Future + Send + 'static>(_f: F) {}
async fn io() {}
pub struct Device { handle: *mut u8 }
impl Device {
    async fn read(&mut self) -> u8 {
        io().await;
        self.handle as usize as u8
    }
}
pub fn start(mut device: Device) {
    spawn(async move {
        device.read().await;
    });
}
