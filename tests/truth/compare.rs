//! Our pairs against rustc's.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::Path,
};

use ra_ap_syntax::{Edition, TextRange, TextSize};
use sendlens::syntax::{AsyncBody, Cfg, Crossing, Facts, Methods, Origin, analyse_with};

use crate::{
    facts::{Lines, Types, add_receivers, add_types, strip},
    mir::{self, Body, Local, Span},
};

/// The passes to dump: MIR before borrow checking, which decides `Send`, and the layout.
pub(crate) const PASSES: &str = "SimplifyCfg-promote-consts & {closure | StateTransform & {closure";

/// Counts of one way to compare.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    both: usize,
    ours: usize,
    theirs: usize,
}

/// By what was known (nothing, types, types and receivers): named values, all values.
#[derive(Debug, Default)]
pub(crate) struct Score {
    named: [Counts; 3],
    all: [Counts; 3],
    layout: Counts,
    bodies: usize,
    missing: usize,
    /// Yields that belong to no await of ours.
    unmatched: usize,
}

const KNOWLEDGE: [&str; 3] = ["without facts", "with types and methods", "with receivers, too"];

impl Counts {
    fn add(&mut self, other: Self) {
        self.both += other.both;
        self.ours += other.ours;
        self.theirs += other.theirs;
    }

    fn line(self) -> String {
        let ratio = |whole: usize| {
            if whole == 0 { 1.0 } else { self.both as f64 / whole as f64 }
        };
        let (precision, recall) = (ratio(self.both + self.ours), ratio(self.both + self.theirs));
        format!(
            "precision {precision:.4} recall {recall:.4} (agreed {}, only ours {}, only rustc {})",
            self.both, self.ours, self.theirs
        )
    }
}

impl Score {
    pub(crate) fn add(&mut self, other: &Self) {
        for index in 0..3 {
            self.named[index].add(other.named[index]);
            self.all[index].add(other.all[index]);
        }
        self.layout.add(other.layout);
        self.bodies += other.bodies;
        self.missing += other.missing;
        self.unmatched += other.unmatched;
    }

    pub(crate) fn print(&self) {
        println!(
            "bodies {}, not found by us {}, yields without an await of ours {}",
            self.bodies, self.missing, self.unmatched
        );
        for (index, name) in KNOWLEDGE.iter().enumerate() {
            println!("{name:>26}, named: {}", self.named[index].line());
            println!("{name:>26}, all:   {}", self.all[index].line());
        }
        println!("{:>26}: {}", "dumped MIR against layout", self.layout.line());
    }
}

/// A pair: the value's range and the await's.
type Pair = (TextRange, TextRange);

/// What rustc stores in the bodies of one file.
#[derive(Default)]
struct File {
    bodies: Vec<Body>,
}

pub(crate) fn compare_directory(
    dumps: &Path,
    root: &Path,
    edition: Edition,
    verbose: bool,
) -> Score {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    let mut score = Score::default();
    let mut seen = HashSet::new();
    let mut paths: Vec<_> =
        std::fs::read_dir(dumps).into_iter().flatten().flatten().map(|it| it.path()).collect();
    paths.sort();
    for path in &paths {
        let name = path.to_string_lossy();
        if !name.ends_with("SimplifyCfg-promote-consts.after.mir") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let Some(body) = mir::read(&text) else {
            continue;
        };
        let Some(file) = main_file(&body, root) else {
            continue;
        };
        if seen.insert((
            file.clone(),
            body.title.clone(),
            body.locals.get(&0).map(|it| it.span.clone()),
        )) {
            files.entry(file).or_default().bodies.push(body);
        }
        score.layout.add(check_layout(&paths, path));
    }
    let types = Types::collect(files.values().flat_map(|file| &file.bodies));
    let options = std::fs::read_to_string(dumps.join("cfg")).ok();
    let cfg = options.map(|options| Cfg::new(options.lines()));
    let mut methods = Methods::default();
    let mut sources: Vec<_> = files.keys().map(|name| root.join(name)).collect();
    // All of the crate's files: methods are defined in those without a coroutine, too.
    let source_root = sources
        .iter()
        .find_map(|it| it.ancestors().find(|it| it.ends_with("src")).map(Path::to_path_buf));
    add_sources(source_root.as_deref(), &mut sources);
    sources.sort();
    sources.dedup();
    for source in sources {
        if let Ok(text) = std::fs::read_to_string(source) {
            methods.add(&text, edition);
        }
    }
    for (name, file) in &files {
        let Ok(text) = std::fs::read_to_string(root.join(name)) else {
            continue;
        };
        score.add(&compare_file(name, &text, file, edition, &types, (&methods, &cfg), verbose));
    }
    score
}

/// The Rust files below a directory.
fn add_sources(directory: Option<&Path>, found: &mut Vec<std::path::PathBuf>) {
    let Some(directory) = directory else { return };
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            add_sources(Some(&path), found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

/// The file that a body was written in.
fn main_file(body: &Body, root: &Path) -> Option<String> {
    let file = &body.locals.get(&0)?.span.file;
    root.join(file).is_file().then(|| file.clone())
}

/// Our reading of the MIR just before the transform must give the layout that rustc printed.
fn check_layout(paths: &[std::path::PathBuf], path: &Path) -> Counts {
    let name = path.to_string_lossy();
    let Some((stem, _)) = name.rsplit_once(".1-1-") else {
        return Counts::default();
    };
    let of = |end: &str| {
        let found = paths.iter().find(|it| {
            let it = it.to_string_lossy();
            it.starts_with(&format!("{stem}.2-2-")) && it.ends_with(end)
        });
        found.and_then(|path| std::fs::read_to_string(path).ok())
    };
    let (Some(before), Some(after)) =
        (of("StateTransform.before.mir"), of("StateTransform.after.mir"))
    else {
        return Counts::default();
    };
    let (Some(body), Some(layout)) = (mir::read(&before), mir::read_layout(&after)) else {
        return Counts::default();
    };
    let mut counts = Counts::default();
    for ((_, held), printed) in body.stored().iter().zip(&layout) {
        let ours: BTreeSet<Span> =
            held.iter().filter_map(|it| body.locals.get(it)).map(|it| it.span.clone()).collect();
        let theirs: BTreeSet<Span> = printed.iter().map(|(span, _)| span.clone()).collect();
        counts.both += ours.intersection(&theirs).count();
        counts.ours += ours.difference(&theirs).count();
        counts.theirs += theirs.difference(&ours).count();
    }
    counts
}

fn compare_file(
    name: &str,
    text: &str,
    file: &File,
    edition: Edition,
    types: &Types,
    (methods, cfg): (&Methods, &Option<Cfg>),
    verbose: bool,
) -> Score {
    let lines = Lines::new(text);
    let mut facts = Facts { methods: methods.clone(), cfg: cfg.clone(), ..Facts::default() };
    for body in &file.bodies {
        add_types(body, name, text, &lines, types, &mut facts);
    }
    let mut with_receivers = facts.clone();
    for body in &file.bodies {
        add_receivers(body, name, text, &lines, &mut with_receivers);
    }
    let wanted = std::env::var("TRUTH_FACTS").ok().and_then(|it| it.parse().ok()).unwrap_or(2);
    let mut score = Score { bodies: file.bodies.len(), ..Score::default() };
    for (index, facts) in [Facts::default(), facts, with_receivers].iter().enumerate() {
        let ours = analyse_with(text, edition, facts);
        for body in &file.bodies {
            let Some(ours) = find_body(body, &ours, name, text, &lines) else {
                if index == 0 {
                    score.missing += 1;
                    if verbose {
                        println!("{name}: body not found: {}", body.title);
                    }
                }
                continue;
            };
            let verbose = verbose && index == wanted;
            let (named, all, unmatched) = compare_body(body, ours, name, text, &lines, verbose);
            score.unmatched += if index == 0 { unmatched } else { 0 };
            score.named[index].add(named);
            score.all[index].add(all);
        }
    }
    score
}

/// Our body that covers the same await points, or the same range.
fn find_body<'a>(
    body: &Body,
    ours: &'a [AsyncBody],
    name: &str,
    text: &str,
    lines: &Lines,
) -> Option<&'a AsyncBody> {
    let range = lines.range(text, &body.locals.get(&0)?.span)?;
    let _ = name;
    // `_0` of a coroutine has the span of the body's braces, or of the whole expression.
    ours.iter()
        .filter(|it| it.range.contains_range(range) || range.contains_range(it.range))
        .min_by_key(|it| {
            let distance = |a: TextSize, b: TextSize| u32::from(a).abs_diff(u32::from(b));
            distance(it.range.end(), range.end()) * 4
                + distance(it.header.end(), range.start())
                    .min(distance(it.range.start(), range.start()))
        })
}

fn compare_body(
    body: &Body,
    ours: &AsyncBody,
    name: &str,
    text: &str,
    lines: &Lines,
    verbose: bool,
) -> (Counts, Counts, usize) {
    let stored = body.stored();
    let hidden: Vec<TextRange> =
        ours.awaits.iter().copied().filter(|it| !is_word(text, *it)).collect();
    let mut next_hidden = hidden.iter();
    // An await of a macro's definition lies outside of the body, in this file or in another.
    let own_await = |span: &Span| {
        await_range(span, name, text, lines).filter(|range| ours.awaits.contains(range))
    };
    let foreign = stored.iter().filter(|(span, _)| own_await(span).is_none()).count();
    let mut theirs: BTreeMap<(u32, u32, u32, u32), (Pair, bool)> = BTreeMap::new();
    let mut known_awaits = BTreeSet::new();
    let mut unmatched = 0;
    for (span, held) in &stored {
        let at = match own_await(span) {
            Some(range) => range,
            None if foreign == hidden.len() => *next_hidden.next().unwrap_or(&hidden[0]),
            None => {
                unmatched += 1;
                continue;
            }
        };
        known_awaits.insert((at.start(), at.end()));
        for local in held.iter().filter_map(|it| body.locals.get(it)) {
            if let Some(value) = value_range(local, name, text, lines) {
                let named = local.name.as_deref().is_some_and(|it| {
                    it != "iter" && it != "__awaitee" || is_pattern(text, value, it)
                });
                let entry = theirs.entry(key(value, at)).or_insert(((value, at), false));
                entry.1 |= named;
            }
        }
    }
    let mut mine: BTreeMap<(u32, u32, u32, u32), (Pair, bool)> = BTreeMap::new();
    // Attributes (`#[instrument]`, `#[async_trait]`) put the body into an async block, which
    // captures the parameters.
    let locals: HashSet<TextRange> =
        body.locals.values().filter_map(|it| value_range(it, name, text, lines)).collect();
    let comparable = |it: &&Crossing| match it.origin {
        Origin::Capture => false,
        Origin::Param => locals.contains(&strip(text, it.range)),
        _ => !is_pinned(text, it.range),
    };
    for crossing in ours.crossings.iter().filter(comparable) {
        for at in crossing.awaits.iter().filter_map(|index| ours.awaits.get(*index)) {
            // An await that rustc has no yield for was configured out, or cannot be reached.
            if known_awaits.contains(&(at.start(), at.end())) {
                let named = crossing.name.is_some() || crossing.origin == Origin::Param;
                mine.insert(key(strip(text, crossing.range), *at), ((crossing.range, *at), named));
            }
        }
    }
    let (mut named, mut all) = (Counts::default(), Counts::default());
    for (key, (pair, is_named)) in &theirs {
        let found = mine.contains_key(key);
        count(&mut all, found, false);
        if *is_named {
            count(&mut named, found, false);
        }
        if !found && verbose {
            report("only rustc", name, text, lines, *pair, *is_named);
        }
    }
    for (key, (pair, is_named)) in &mine {
        // What a macro call makes has a span in the macro's definition: it cannot be compared.
        if !theirs.contains_key(key) && (*is_named || !is_macro_call(&text[pair.0])) {
            count(&mut all, false, true);
            if *is_named {
                count(&mut named, false, true);
            }
            if verbose {
                report("only ours", name, text, lines, *pair, *is_named);
            }
        }
    }
    (named, all, unmatched)
}

fn count(counts: &mut Counts, both: bool, ours: bool) {
    match (both, ours) {
        (true, _) => counts.both += 1,
        (false, true) => counts.ours += 1,
        (false, false) => counts.theirs += 1,
    }
}

fn report(who: &str, name: &str, text: &str, lines: &Lines, (value, at): Pair, named: bool) {
    let line =
        |offset: TextSize| lines.starts.partition_point(|start| *start <= usize::from(offset));
    let value_text = text[value].lines().next().unwrap_or_default();
    let kind = if named { "named" } else { "temporary" };
    println!(
        "{who}: {kind} `{value_text}` {name}:{}-{} across {name}:{}",
        line(value.start()),
        line(value.end()),
        line(at.start())
    );
}

fn key(value: TextRange, at: TextRange) -> (u32, u32, u32, u32) {
    (at.start().into(), at.end().into(), value.start().into(), value.end().into())
}

fn is_word(text: &str, range: TextRange) -> bool {
    matches!(text.get(std::ops::Range::<usize>::from(range)), Some("await" | "yield"))
}

/// The new `x` of `pin!(x)` has a span in the definition of the macro.
fn is_pinned(text: &str, range: TextRange) -> bool {
    let before = &text[..usize::from(range.start())];
    before.ends_with("pin!(") || before.ends_with("pin_mut!(")
}

fn is_macro_call(text: &str) -> bool {
    let path = text.split('!').next().unwrap_or_default();
    path.len() < text.len() && path.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':')
}

fn is_pattern(text: &str, range: TextRange, name: &str) -> bool {
    text.get(std::ops::Range::<usize>::from(range)) == Some(name)
}

/// The word `await` of a yield; `None` when it lies in a macro's definition.
fn await_range(span: &Span, name: &str, text: &str, lines: &Lines) -> Option<TextRange> {
    if span.file != name {
        return None;
    }
    lines.range(text, span).filter(|range| is_word(text, *range))
}

/// The user's range of a stored local; `None` for the machinery of `await` and of macros.
fn value_range(local: &Local, name: &str, text: &str, lines: &Lines) -> Option<TextRange> {
    if local.span.file != name || local.name.as_deref() == Some("__awaitee") {
        return None;
    }
    let range = lines.range(text, &local.span)?;
    let value = &text[range];
    let machinery = value == "await"
        || value == "?"
        || value.is_empty()
        || value.starts_with('{') && local.ty == "bool";
    (!machinery).then(|| strip(text, range))
}
