use crate::fixes::tests::{check, check_declines};

const GUARD: &str = "std::sync::MutexGuard<'_, Vec<u8>>";

#[test]
fn if_let_scrutinee() {
    check(
        "hoist_temporary",
        GUARD,
        "
async fn work(queue: Q) {
    if let Some(job) = $0queue.lock().unwrap()$0.pop() {
        run(job).$1await;
    }
}
",
        "
async fn work(queue: Q) {
    let job = queue.lock().unwrap().pop();
    if let Some(job) = job {
        run(job).await;
    }
}
",
    );
}
