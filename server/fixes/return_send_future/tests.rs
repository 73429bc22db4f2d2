//! What `return_send_future` writes, and where it declines.

use crate::fixes::tests::{check, check_declines};

const ID: &str = "return_send_future";

#[test]
fn statements_before_the_await() {
    check(
        ID,
        "Rc<u32>",
        "
/// Größe.
#[must_use]
pub async fn work<T>($0p$0: Rc<u32>, t: T) -> u32
where
    T: Send,
{
    let n = *p; // ż
    // saves
    save(n, t).$1await;
    n
}
",
        "
/// Größe.
#[must_use]
pub fn work<T>(p: Rc<u32>, t: T) -> impl std::future::Future<Output = u32> + Send
where
    T: Send,
{
    let n = *p; // ż
    // saves
    async move {
        save(n, t).await;
        n
    }
}
"
        .replace("    // saves\n    async move {\n", "    async move {\n        // saves\n")
        .as_str(),
    );
}

#[test]
fn parts_that_are_read_later() {
    check(
        ID,
        "&Svc",
        "
impl Svc {
    async fn run($0&self$0, k: u32) -> u32 {
        io(self.id + k).$1await;
        self.id
    }
}
",
        "
impl Svc {
    fn run(&self, k: u32) -> impl std::future::Future<Output = u32> + Send {
        let id = self.id;
        async move {
            io(id + k).await;
            id
        }
    }
}
",
    );
}

#[test]
fn unused_on_one_line() {
    check(
        ID,
        "Rc<u32>",
        "use std::future::Future; async fn f($0_p$0: Rc<u32>) { io(\"ü\").$1await; }",
        "use std::future::Future; fn f(_p: Rc<u32>) -> impl Future<Output = ()> + Send { async move { io(\"ü\").await; } }",
    );
}

#[test]
fn declines() {
    for code in [
        "async fn f($0p$0: Rc<u8>) { io(&p).$1await; use_it(p); }",
        "impl Tr for S { async fn f(&self, $0p$0: Rc<u8>) { let n = *p; io(n).$1await; } }",
        "#[instrument] async fn f($0p$0: Rc<u8>) { let n = *p; io(n).$1await; }",
        "async fn f() { let $0p$0 = Rc::new(1); io(*p).$1await; }",
        "async fn f($0p$0: &Receiver<u8>) { while let Ok(n) = p.recv() { io(n).$1await; } }",
    ] {
        check_declines(ID, "Rc<u8>", code);
    }
}
