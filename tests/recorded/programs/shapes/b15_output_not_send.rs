// toolchain: any
use std::{error::Error, future::Future, rc::Rc};
pub struct JoinHandle<T>(T);
fn spawn<F>(_f: F) -> JoinHandle<F::Output> where F: Future + Send + 'static, F::Output: Send + 'static { todo!() }
async fn rc() -> Rc<u8> { Rc::new(1) }
async fn boxed() -> Result<(), Box<dyn Error>> { Ok(()) }
pub fn main() {
    spawn(rc());
    spawn(boxed());
    spawn(async { boxed().await });
    spawn(async { boxed().await?; Ok::<(), Box<dyn Error>>(()) });
    spawn(async move { let r: Result<(), Box<dyn Error>> = Ok(()); r });
}
