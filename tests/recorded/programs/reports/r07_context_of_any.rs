// situation: opentelemetry-rust#126: a context that keeps values as Rc<dyn Any>
use std::{any::{Any, TypeId}, collections::HashMap, future::Future, rc::Rc};
fn spawn<F: Future + Send + 'static>(_f: F) {}
#[derive(Clone, Default)]
pub struct Context { values: HashMap<TypeId, Rc<dyn Any>> }
async fn with_context(context: Context) { another().await; drop(context.values); }
async fn another() {}
async fn something() {
    let context = Context::default();
    with_context(context).await;
}
pub fn start() { spawn(something()); }
