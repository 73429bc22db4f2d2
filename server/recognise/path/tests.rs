//! Ways through fns of one name in several files.

use camino::Utf8PathBuf;

use super::*;
use crate::{
    problem::{AutoTrait, Kind, Span, Unit},
    text::Lines,
};

/// The files, each under `//- NAME`; `«..»` marks what is demanded, `$0` the body that keeps the
/// value. The path is given as names.
#[track_caller]
fn check(what: &str, marked: &str, expected: &[&str]) {
    let mut sources = Sources::default();
    let (mut demanded, mut future) = (None, None);
    for part in marked.split("//- ").skip(1) {
        let (name, text) = part.split_once('\n').unwrap();
        let plain = text.replace(['«', '»'], "").replace("$0", "");
        let lines = Lines::new(&plain);
        let at = |mark: &str| {
            let before = text.split_once(mark)?.0.replace(['«', '»'], "").replace("$0", "");
            Some(lines.position((before.len() as u32).into()))
        };
        let span = |start, end| Span { file: Utf8PathBuf::from(name), start, end };
        if let Some(at) = at("$0") {
            future = Some(span(at, at));
        }
        if let (Some(start), Some(end)) = (at("«"), at("»")) {
            demanded = Some(span(start, end));
        }
        sources.insert(name, plain);
    }
    let place =
        |what: &str, span: Option<Span>| Place { what: what.to_owned(), span: span.unwrap() };
    let demanded = place(what, demanded);
    let problem = Problem {
        id: String::new(),
        signature: String::new(),
        kind: Kind::HeldAcrossAwait,
        message: String::new(),
        compiler_message: String::new(),
        unit: Unit::anonymous(),
        lint: None,
        auto_trait: AutoTrait::Send,
        leaf: None,
        future: place("async fn `goal`", future),
        held: Vec::new(),
        demand: None,
        path: Vec::new(),
        reported_at: demanded.span.clone(),
        fixes: Vec::new(),
    };
    let path = from_demand(&problem, &demanded, &sources);
    let path: Vec<&str> = path.iter().map(|place| place.what.as_str()).collect();
    assert_eq!(path, expected);
}

#[test]
fn fns_between_are_found_in_other_files() {
    check(
        "async fn `a`",
        "//- main.rs\nfn main() { spawn(«a()»); }\nasync fn a() { ż::b().await }\n\
         //- ż.rs\npub async fn b() { goal().await }\n$0async fn goal() {}\n",
        &["async fn `a`", "async fn `b`"],
    );
}

#[test]
fn a_method_is_no_free_fn_of_its_name() {
    check(
        "async block",
        "//- server.rs
fn serve() { «spawn(async move { handler.run().await })»; }
impl Handler { async fn run(&mut self) { cmd.apply(1).await } }
//- buffer.rs
async fn run(client: Client) { client.apply(2).await }
//- cmd.rs
impl Cmd { $0async fn apply(self, n: u8) {} }
impl Client { async fn apply(self, n: u8) {} }
",
        &["async block", "async fn `run`"],
    );
}

#[test]
fn what_a_task_of_its_own_runs_is_not_on_the_way() {
    check(
        "async fn `a`",
        "//- main.rs
fn main() { spawn(«a()»); }
async fn a() { tokio::spawn(goal()); other().await }
async fn other() { goal().await }
$0async fn goal() {}
",
        &["async fn `a`", "async fn `other`"],
    );
}

#[test]
fn of_several_ways_only_what_they_share_is_said() {
    check(
        "async fn `a`",
        "//- main.rs
fn main() { spawn(«a()»); }
async fn a() { x.step().await }
impl X { async fn step(&self) { goal().await } }
impl Y { async fn step(&self) { goal().await } }
$0async fn goal() {}
",
        &["async fn `a`"],
    );
}

#[test]
fn the_demanded_fn_itself_has_no_way() {
    check("async fn `goal`", "//- a.rs\nfn f() { spawn(«goal()») }\n$0async fn goal() {}\n", &[]);
    check(
        "async fn `a`",
        "//- a.rs\nfn f() { spawn(«a()») }\nasync fn a() {}\n$0async fn goal() {}\n",
        &[],
    );
}
