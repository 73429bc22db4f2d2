//! A compilation that succeeds, for rustc to start from.
//!
//! rustc keeps its incremental cache only of a unit that compiles (1.95: a session with an error
//! is thrown away). The units that we ask about do not compile, so every question would cost a
//! whole compilation. Therefore a big one is compiled once with the bodies of its failing fns
//! taken out; what is asked after that costs a fraction.
//!
//! ```text
//! fn start() -> Task { tokio::spawn(run()) }    fn start() -> Task { loop {} }
//! ```

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::diagnostic::Diagnostic;
use ra_ap_syntax::{AstNode, SourceFile, TextRange, ast};

use super::{
    assume::{View, primary},
    workbench::is_error,
};
use crate::{problem::Span, rustc::RustcCommand, sources::Sources, syntax};

/// A unit that takes less is not worth it.
const WORTH_IT: Duration = Duration::from_millis(500);
/// Of a unit that was never compiled the size tells, in bytes of source.
const BIG: usize = 300_000;
/// A unit that so often did not compile without its failing fns will not.
const TRIES_MAX: u8 = 2;

/// Which units have such a compilation, and which one is to get it next.
#[derive(Debug, Default)]
pub(super) struct Bases {
    kept: HashSet<RustcCommand>,
    tries: HashMap<RustcCommand, u8>,
    failed: Option<Failed>,
}

/// A compilation that failed, after a while, or will fail.
#[derive(Debug)]
struct Failed {
    command: RustcCommand,
    texts: Sources,
    errors: Vec<Span>,
}

impl Bases {
    /// A unit was compiled.
    pub(super) fn learn(
        &mut self,
        command: &RustcCommand,
        texts: &Sources,
        said: &[Diagnostic],
        took: Duration,
        root: &Utf8Path,
    ) {
        if !said.iter().any(is_error) {
            self.kept.insert(command.clone());
            return;
        }
        // Of the texts that fail, the first are the user's own: they have the fewest errors.
        let is_first = self.failed.as_ref().is_none_or(|known| known.command != *command);
        if took > WORTH_IT && is_first && !self.kept.contains(command) {
            let (command, texts) = (command.clone(), texts.clone());
            let errors = said.iter().filter(|it| is_error(it));
            let errors = errors.map(|it| primary(it, root)).collect::<Option<_>>();
            self.failed = errors.map(|errors| Failed { command, texts, errors });
        }
    }

    /// A unit is about to be compiled for the first time, and will have these errors.
    pub(super) fn expect(&mut self, command: &RustcCommand, texts: &Sources, errors: &[Span]) {
        let is_new = !self.kept.contains(command) && !self.tries.contains_key(command);
        if is_new && self.failed.is_none() && size(command, texts) > BIG {
            let (command, texts) = (command.clone(), texts.clone());
            self.failed = Some(Failed { command, texts, errors: errors.to_vec() });
        }
    }

    /// Whether a unit fails, after a while, and `wanted` would try to help it. Forgets for which
    /// texts that was.
    pub(super) fn lacks(&mut self, command: &RustcCommand) -> bool {
        self.failed.take_if(|it| it.command == *command).is_some()
    }

    /// The texts that a unit should be compiled with before it is asked for anything else.
    pub(super) fn wanted(&mut self, command: &RustcCommand, root: &Utf8Path) -> Option<Sources> {
        let failed = self.failed.take_if(|it| it.command == *command)?;
        let tries = self.tries.entry(command.clone()).or_default();
        if self.kept.contains(command) || *tries == TRIES_MAX {
            return None;
        }
        *tries += 1;
        let edition = syntax::edition(command.edition().unwrap_or_default());
        let view = View { texts: &failed.texts, edition, root };
        let denies = denies_dead_code(command, &view);
        (!denies).then(|| without_failing_bodies(&view, &failed.errors)).flatten()
    }
}

/// How much source lies beside a unit's root file and below.
fn size(command: &RustcCommand, texts: &Sources) -> usize {
    let folder = command.source().and_then(|file| Utf8Path::new(file).parent());
    let Some(folder) = folder else { return 0 };
    let inside = texts.iter().filter(|(file, _)| file.starts_with(folder));
    inside.map(|(_, text)| text.len()).sum()
}

/// What only a body uses that was taken out is dead code then, and that may be an error. Allowing
/// it for the whole crate would cost what the base saves: rustc looks at everything again.
fn denies_dead_code(command: &RustcCommand, view: &View<'_>) -> bool {
    let text = command.source().and_then(|file| view.texts.text(Utf8Path::new(file)));
    let in_root = text.is_some_and(|text| {
        let tree = SourceFile::parse(text, view.edition).tree();
        let attrs = tree.syntax().children().filter_map(ast::Attr::cast);
        let mut attrs = attrs.map(|it| it.syntax().text().to_string());
        attrs.any(|it| (it.contains("deny") || it.contains("forbid")) && is_about_dead_code(&it))
    });
    in_root || command.denied_lints().any(is_about_dead_code)
}

fn is_about_dead_code(lints: &str) -> bool {
    const NAMES: [&str; 5] =
        ["warnings", "unused", "dead_code", "unused_imports", "unused_variables"];
    let mut names = lints.split(|c: char| !c.is_alphanumeric() && c != '_');
    names.any(|name| NAMES.contains(&name))
}

/// The texts without the bodies of the fns that have errors; `None` when one stands elsewhere. No
/// line moves.
fn without_failing_bodies(view: &View<'_>, errors: &[Span]) -> Option<Sources> {
    let mut bodies: BTreeMap<Utf8PathBuf, Vec<Body>> = BTreeMap::new();
    for error in errors {
        let item = view.item_at(error)?;
        let body = Body::of(view, &item.file, item.range)?;
        let known = bodies.entry(item.file).or_default();
        if known.iter().any(|it| it.range.contains_range(body.range)) {
            continue;
        }
        known.retain(|it| !body.range.contains_range(it.range));
        known.push(body);
    }
    let mut texts = view.texts.clone();
    for (file, mut bodies) in bodies {
        let mut text = texts.text(&file)?.to_string();
        bodies.sort_by_key(|it| std::cmp::Reverse(it.range.start()));
        for Body { range, instead } in bodies {
            let range = Range::<usize>::from(range);
            let lines = "\n".repeat(text.get(range.clone())?.matches('\n').count());
            text.replace_range(range, &format!("{{ {instead} {lines}}}"));
        }
        texts.insert(file, text);
    }
    Some(texts)
}

/// The body of a fn, and what can stand for any.
struct Body {
    range: TextRange,
    instead: &'static str,
}

impl Body {
    fn of(view: &View<'_>, file: &Utf8Path, range: TextRange) -> Option<Self> {
        let tree = SourceFile::parse(view.texts.text(file)?, view.edition).tree();
        let element = tree.syntax().covering_element(range);
        let func = element.ancestors().find_map(ast::Fn::cast)?;
        let ty = func.ret_type().and_then(|it| it.ty()).map(|it| it.syntax().text().to_string());
        let ty = ty.filter(|_| func.async_token().is_none()).unwrap_or_default();
        let instead = match () {
            () if !ty.contains("impl ") => "loop {}",
            () if ty.starts_with("impl ") && ty.contains("Future") => "async { loop {} }",
            () => return None,
        };
        Some(Self { range: func.body()?.syntax().text_range(), instead })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{problem::Position, testing::error_at};

    /// Without the bodies of the fns in which the errors are; each is marked `$0`.
    #[track_caller]
    fn check(marked: &str, expected: Option<&str>) {
        let text = marked.replace("$0", "");
        let mut errors = Vec::new();
        let mut rest = marked;
        let mut before = String::new();
        while let Some((head, tail)) = rest.split_once("$0") {
            before.push_str(head);
            errors.extend(primary(&error_at("src/größe.rs", &before, ""), "/w".into()));
            rest = tail;
        }
        let mut texts = Sources::default();
        texts.insert("src/größe.rs", text);
        let edition = ra_ap_syntax::Edition::Edition2021;
        let view = View { texts: &texts, edition, root: "/w".into() };
        let without = without_failing_bodies(&view, &errors);
        let without = without.map(|it| it.text("src/größe.rs".into()).unwrap().to_string());
        assert_eq!(without.as_deref(), expected);
    }

    #[test]
    fn the_bodies_of_failing_fns_are_taken_out_and_no_line_moves() {
        check(
            "fn żółw() -> u8 {\n    $0spawn(x());\n    y($0)\n}\nfn other() { z() }",
            Some("fn żółw() -> u8 { loop {} \n\n\n}\nfn other() { z() }"),
        );
        check("impl A { async fn f() -> impl Sized { $0g().await } }", {
            Some("impl A { async fn f() -> impl Sized { loop {} } }")
        });
    }

    #[test]
    fn an_outer_fn_goes_with_the_inner_one() {
        check("fn a() { fn b() { $0c() } $0d() }", Some("fn a() { loop {} }"));
        check("fn a() { $0d(); fn b() { $0c() } }", Some("fn a() { loop {} }"));
    }

    #[test]
    fn a_hidden_type_needs_a_value() {
        check(
            "fn f() -> impl Future<Output = u8> + Send { $0async { 1 } }",
            Some("fn f() -> impl Future<Output = u8> + Send { async { loop {} } }"),
        );
        check("fn f() -> impl Iterator<Item = u8> { $0g() }", None);
        check("fn f() -> Vec<impl Future> { $0g() }", None);
    }

    #[test]
    fn errors_outside_of_fns_stay() {
        check("const A: u8 = $0f();", None);
    }

    fn command(args: &[&str]) -> RustcCommand {
        let args = args.iter().map(|it| (*it).to_owned()).collect();
        RustcCommand { program: "rustc".into(), args, env: Vec::new() }
    }

    #[test]
    fn crates_that_deny_dead_code_are_known() {
        let mut texts = Sources::default();
        texts.insert("src/lib.rs", "#![deny(unused_qualifications)]\n#![allow(unused)]");
        texts.insert("src/main.rs", "#![deny(\n    unused,\n    missing_docs\n)]\nfn größe() {}");
        let edition = ra_ap_syntax::Edition::Edition2021;
        let view = View { texts: &texts, edition, root: "/w".into() };
        let denies = |args: &[&str]| denies_dead_code(&command(args), &view);
        assert!(!denies(&["src/lib.rs"]));
        assert!(denies(&["src/main.rs"]));
        assert!(denies(&["src/lib.rs", "-Dwarnings"]));
        assert!(denies(&["src/lib.rs", "--deny", "dead_code"]));
        assert!(!denies(&["src/lib.rs", "--warn=unused"]));
    }

    #[test]
    fn a_unit_that_is_quick_or_compiles_needs_no_base() {
        let mut texts = Sources::default();
        texts.insert("src/größe.rs", "fn f() { żółw() }");
        let said = [error_at("src/größe.rs", "fn f() { ", "żółw()")];
        let unit = command(&["--edition=2021", "src/größe.rs"]);
        let wanted = |bases: &mut Bases| bases.wanted(&unit, "/w".into()).is_some();
        let long = WORTH_IT * 2;
        let mut bases = Bases::default();
        bases.learn(&unit, &texts, &said, WORTH_IT / 2, "/w".into());
        assert!(!wanted(&mut bases));
        bases.learn(&unit, &texts, &said, long, "/w".into());
        assert!(bases.lacks(&unit) && !bases.lacks(&unit), "forgotten");
        bases.learn(&unit, &texts, &said, long, "/w".into());
        assert!(wanted(&mut bases), "it fails and takes long");
        bases.learn(&unit, &texts, &[], long, "/w".into());
        assert!(!wanted(&mut bases), "it compiled");
        bases.learn(&unit, &texts, &said, long, "/w".into());
        assert!(!wanted(&mut bases), "it compiled before");
    }

    #[test]
    fn a_big_unit_gets_one_before_it_is_asked_at_all() {
        let unit = command(&["--edition=2021", "src/größe.rs"]);
        let at = Position { line: 1, column: 10 };
        let error = [Span { file: "src/größe.rs".into(), start: at, end: at }];
        let wanted = |padding: usize| {
            let mut texts = Sources::default();
            texts.insert("src/größe.rs", "fn f() { żółw() }");
            texts.insert("src/more.rs", " ".repeat(padding));
            texts.insert("tests/more.rs", " ".repeat(BIG));
            let mut bases = Bases::default();
            bases.expect(&unit, &texts, &error);
            bases.wanted(&unit, "/w".into()).is_some()
        };
        assert!(wanted(BIG));
        assert!(!wanted(BIG / 2));
    }

    #[test]
    fn what_never_compiles_is_given_up() {
        let mut texts = Sources::default();
        texts.insert("src/größe.rs", "fn f() { żółw() }");
        let said = [error_at("src/größe.rs", "fn f() { ", "żółw()")];
        let unit = command(&["--edition=2021", "src/größe.rs"]);
        let mut bases = Bases::default();
        let mut tries = 0;
        for _ in 0..10 {
            bases.learn(&unit, &texts, &said, WORTH_IT * 2, "/w".into());
            tries += usize::from(bases.wanted(&unit, "/w".into()).is_some());
        }
        assert_eq!(tries, usize::from(TRIES_MAX));
    }
}
