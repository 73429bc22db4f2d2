//! Fixes: one file each, a pure function from a problem to edits.
//!
//! A fix only drafts. The oracle applies the draft in an overlay, asks the compiler, lets the
//! draft's repairs answer the errors that it caused, and offers what comes out clean.

mod add_debug_handler;
mod add_send_bound;
mod add_send_sync_to_error;
mod add_send_to_trait_object;
mod async_move;
mod await_first;
mod borrow_argument_mutably;
mod borrowed_argument;
mod bound_trait_future;
mod box_awaited_future;
mod box_trait_future;
mod capture_by_move;
mod capture_only_what_is_needed;
mod captured;
mod chain;
mod clone_out_of_guard;
mod collect_futures_first;
mod collect_iterator_first;
mod context;
mod declare_in_branch;
mod drop_before_await;
mod drop_maybe_send;
mod enclose_in_block;
mod flatten_with_flat_map;
mod hoist_temporary;
mod imports;
mod indent;
mod instrument_span;
mod lock_again_after_await;
mod lock_in_each_turn;
mod macro_body;
mod make_trait_future_send;
mod move_after_await;
mod order;
mod place;
mod promise_send_future;
mod reachable;
mod reads;
mod region;
mod replace_cell_with_atomic;
mod replace_cell_with_mutex;
mod replace_local_box;
mod replace_mutex_with_tokio;
mod replace_phantom_marker;
mod replace_rc_with_arc;
mod replace_refcell_with_mutex;
mod return_send_future;
mod retype;
mod share_contents;
mod spawn_local;
mod split_branch_at_await;
mod split_loop_at_await;
mod stringify_error_before_await;
mod suspects;
mod take_next_in_each_turn;
mod take_owned_argument;
mod use_send_rng;
mod use_send_variant;
mod write_without_lock;
mod written_out;

use cargo_metadata::diagnostic::Diagnostic;

pub use context::FixContext;
pub use retype::World;

use crate::{
    problem::{Edit, Fix, Problem, Verdict},
    sources::Sources,
};

/// How far the effect of an edit may reach, and so what the compiler must look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One body: no other unit can notice.
    Body,
    /// Types, signatures, manifests: every unit of the workspace may notice.
    Workspace,
}

/// A fix before the compiler has seen it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Stable id: the name of the fix's file.
    pub id: &'static str,
    /// An imperative that names the user's variable.
    pub title: String,
    /// What the user should know before applying.
    pub note: Option<String>,
    /// Ways to write it, nicest first; the first that the compiler accepts is taken.
    pub variants: Vec<Vec<Edit>>,
    /// What must be compiled again.
    pub reach: Reach,
    /// Answers to the errors that the edits cause: the first that knows one wins.
    pub repairs: &'static [Repair],
}

impl Draft {
    /// The draft as a fix that nobody has asked the compiler about.
    pub fn unchecked(self) -> Option<Fix> {
        Some(Fix {
            id: self.id,
            title: self.title,
            verdict: Verdict::Unchecked,
            preferred: false,
            edits: self.variants.into_iter().next()?,
            note: self.note,
        })
    }
}

/// What a repair sees: an error that the fix caused, and the texts that caused it.
pub struct RepairContext<'a> {
    /// The problem that the fix is for.
    pub problem: &'a Problem,
    /// The texts before the fix.
    pub before: &'a Sources,
    /// The texts with all edits so far; the error's spans are places in these.
    pub sources: &'a Sources,
    /// These as trees, parsed when they are needed.
    pub world: &'a World<'a>,
    /// The error.
    pub error: &'a Diagnostic,
}

/// Answers one error with further edits.
pub type Repair = fn(&RepairContext<'_>) -> Option<Vec<Edit>>;

/// Tidies the texts of a fix once the compiler has accepted them: problem, texts before, after.
type Polish = fn(&Problem, &Sources, &Sources) -> Option<Vec<Edit>>;

/// Fixes that write a long form first, because only the end shows whether a short one will do.
const POLISH: &[(&str, Polish)] = &[
    ("add_send_to_trait_object", add_send_to_trait_object::polish),
    ("replace_mutex_with_tokio", replace_mutex_with_tokio::polish),
    ("replace_rc_with_arc", replace_rc_with_arc::polish),
    ("replace_refcell_with_mutex", replace_refcell_with_mutex::polish),
    ("replace_cell_with_atomic", replace_cell_with_atomic::polish),
    ("replace_cell_with_mutex", replace_cell_with_mutex::polish),
];

/// The last edits of an accepted fix; `None` when it is as it should be.
pub fn polish(id: &str, problem: &Problem, before: &Sources, after: &Sources) -> Option<Vec<Edit>> {
    let (_, polish) = POLISH.iter().find(|(known, _)| *known == id)?;
    polish(problem, before, after)
}

/// The title of what was accepted, where the draft's own does not know it: bounds that the
/// compiler asked for on the way.
pub fn title(draft: &Draft, before: &Sources, edits: &[Edit]) -> String {
    let known = match draft.id {
        "add_send_to_trait_object" => add_send_to_trait_object::title(before, edits, &draft.title),
        _ => None,
    };
    known.unwrap_or_else(|| draft.title.clone())
}

/// What to say of the variant that was accepted, where the draft's own note does not know it: a
/// fix of scopes copies only in some of its variants.
pub fn note(draft: &Draft, before: &Sources, edits: &[Edit]) -> Option<String> {
    let notes = [own_note(draft, before, edits), written_out::note(before, edits)];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}

fn own_note(draft: &Draft, before: &Sources, edits: &[Edit]) -> Option<String> {
    if draft.id == "replace_rc_with_arc" {
        let written = edits.iter().map(|it| it.new_text.as_str());
        let replaced = edits.iter().filter_map(|it| before.slice(&it.span));
        return share_contents::note(written.collect(), replaced.collect()).map(str::to_owned);
    }
    if draft.id == "add_send_to_trait_object" {
        return add_send_to_trait_object::note(edits);
    }
    if draft.id == "replace_cell_with_atomic" {
        let after = before.apply(edits)?;
        let stores = |text: &str| text.matches("store(").count();
        let is_written = before
            .changed_files(&after)
            .any(|(file, text)| stores(text) > before.text(file).map_or(0, |text| stores(text)));
        return draft.note.clone().filter(|_| is_written);
    }
    if !matches!(draft.id, "hoist_temporary" | "enclose_in_block") {
        return draft.note.clone();
    }
    const COPIES: &[&str] = &[".clone()", ".cloned()", ".copied()", ".to_owned()", ".collect::<"];
    let count = |text: &str| COPIES.iter().map(|it| text.matches(it).count()).sum::<usize>();
    let written: usize = edits.iter().map(|it| count(&it.new_text)).sum();
    let replaced: usize = edits.iter().map(|it| before.slice(&it.span).map_or(0, count)).sum();
    (written > replaced)
        .then(|| "The code then works on a copy that is taken before the `.await`.".to_owned())
}

/// Drafts a fix; `None` when it does not apply.
pub type Rule = fn(&FixContext<'_>) -> Option<Draft>;

/// All fixes, in menu order: first what keeps behaviour, then what changes it, last what moves
/// work elsewhere. The compiler's verdict decides which of them are offered; among the verified,
/// the first is preferred.
pub const RULES: &[(&str, Rule)] = &[
    ("enclose_in_block", enclose_in_block::enclose_in_block),
    ("hoist_temporary", hoist_temporary::hoist_temporary),
    ("clone_out_of_guard", clone_out_of_guard::clone_out_of_guard),
    ("split_branch_at_await", split_branch_at_await::split_branch_at_await),
    ("flatten_with_flat_map", flatten_with_flat_map::flatten_with_flat_map),
    ("box_awaited_future", box_awaited_future::box_awaited_future),
    ("collect_futures_first", collect_futures_first::collect_futures_first),
    ("drop_before_await", drop_before_await::drop_before_await),
    ("move_after_await", move_after_await::move_after_await),
    ("declare_in_branch", declare_in_branch::declare_in_branch),
    ("await_first", await_first::await_first),
    ("lock_in_each_turn", lock_in_each_turn::lock_in_each_turn),
    ("take_next_in_each_turn", take_next_in_each_turn::take_next_in_each_turn),
    ("capture_by_move", capture_by_move::capture_by_move),
    ("capture_only_what_is_needed", capture_only_what_is_needed::capture_only_what_is_needed),
    ("instrument_span", instrument_span::instrument_span),
    ("use_send_rng", use_send_rng::use_send_rng),
    ("write_without_lock", write_without_lock::write_without_lock),
    ("add_send_sync_to_error", add_send_sync_to_error::add_send_sync_to_error),
    ("drop_maybe_send", drop_maybe_send::drop_maybe_send),
    ("replace_local_box", replace_local_box::replace_local_box),
    ("add_send_to_trait_object", add_send_to_trait_object::add_send_to_trait_object),
    ("collect_iterator_first", collect_iterator_first::collect_iterator_first),
    ("replace_phantom_marker", replace_phantom_marker::replace_phantom_marker),
    ("replace_rc_with_arc", replace_rc_with_arc::replace_rc_with_arc),
    ("promise_send_future", promise_send_future::promise_send_future),
    ("return_send_future", return_send_future::return_send_future),
    ("replace_refcell_with_mutex", replace_refcell_with_mutex::replace_refcell_with_mutex),
    ("replace_cell_with_atomic", replace_cell_with_atomic::replace_cell_with_atomic),
    ("replace_cell_with_mutex", replace_cell_with_mutex::replace_cell_with_mutex),
    ("stringify_error_before_await", stringify_error_before_await::stringify_error_before_await),
    ("split_loop_at_await", split_loop_at_await::split_loop_at_await),
    ("add_send_bound", add_send_bound::add_send_bound),
    ("box_trait_future", box_trait_future::box_trait_future),
    ("use_send_variant", use_send_variant::use_send_variant),
    ("make_trait_future_send", make_trait_future_send::make_trait_future_send),
    ("bound_trait_future", bound_trait_future::bound_trait_future),
    ("take_owned_argument", take_owned_argument::take_owned_argument),
    ("borrow_argument_mutably", borrow_argument_mutably::borrow_argument_mutably),
    ("replace_mutex_with_tokio", replace_mutex_with_tokio::replace_mutex_with_tokio),
    ("lock_again_after_await", lock_again_after_await::lock_again_after_await),
    ("spawn_local", spawn_local::spawn_local),
    ("add_debug_handler", add_debug_handler::add_debug_handler),
];

/// Fixes that nobody but the user chooses, offered where no other is: they keep a task on its
/// thread, let others change what a lock guards in between, or only ask for more.
pub fn is_last_resort(id: &str) -> bool {
    matches!(id, "spawn_local" | "lock_again_after_await") || is_question(id)
}

/// Fixes that let a signature promise `Send`: bodies that break the promise must be mended, too.
pub fn is_promise(id: &str) -> bool {
    const PROMISES: &[&str] = &[
        "add_send_bound",
        "add_send_to_trait_object",
        "box_trait_future",
        "drop_maybe_send",
        "make_trait_future_send",
        "promise_send_future",
        "replace_local_box",
        "return_send_future",
        "use_send_variant",
    ];
    PROMISES.contains(&id)
}

/// Fixes that repair nothing: they make the next check say more, so there is nothing to verify.
pub fn is_question(id: &str) -> bool {
    id == "add_debug_handler"
}

/// Drafts every fix that applies to a problem, in menu order.
pub fn drafts(problem: &Problem, sources: &Sources) -> Vec<Draft> {
    let mut drafts = drafts_as_written(problem, sources);
    // In a call of a macro of the user's own the fixes see what the macro makes of it, too.
    let all_written = written_out::written_out(problem, sources);
    for written in &all_written {
        let within = drafts_as_written(&written.problem, &written.sources);
        let within = within.into_iter().filter_map(|draft| written.back(draft)).collect();
        drafts = together(within, drafts);
    }
    let written = all_written.iter().map(|it| (&it.problem, &it.sources));
    for (problem, sources) in std::iter::once((problem, sources)).chain(written) {
        if let Some(context) = FixContext::new(problem, sources) {
            order::order(&context, &mut drafts);
        }
    }
    drafts
}

fn drafts_as_written(problem: &Problem, sources: &Sources) -> Vec<Draft> {
    let Some(context) = FixContext::new(problem, sources) else {
        return Vec::new();
    };
    let views = Views::of(&context);
    let suspects = suspects::suspects(&context);
    let draft = |(id, rule): &(&str, Rule)| {
        let suspects = suspects.iter().filter(|_| suspects::suits(id));
        let of_suspects: Vec<Draft> = suspects.filter_map(rule).collect();
        draft(id, *rule, &context, &views).into_iter().chain(of_suspects).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(draft).collect()
}

/// Other ways to see the value at fault, where there are some.
struct Views<'a> {
    /// In the block of a macro's tokens, read as the block that it is written as.
    block: Option<FixContext<'a>>,
    /// Among the arguments of a formatting macro, read as those of a call.
    call: Option<FixContext<'a>>,
    /// A temporary that lives as long as the variable made from it, as that variable.
    variable: Option<FixContext<'a>>,
}

impl<'a> Views<'a> {
    fn of(context: &FixContext<'a>) -> Self {
        let block = macro_body::within(context);
        let call = macro_body::as_call(block.as_ref().unwrap_or(context));
        Self { block, call, variable: context.as_variable() }
    }
}

/// Two lists in menu order; a fix of both tries the ways of the first, then those of the second.
fn together(mut first: Vec<Draft>, second: Vec<Draft>) -> Vec<Draft> {
    for draft in second {
        match first.iter_mut().find(|it| it.id == draft.id) {
            Some(known) => {
                let new = draft.variants.into_iter().filter(|it| !known.variants.contains(it));
                let new: Vec<_> = new.collect();
                known.variants.extend(new);
            }
            None => first.push(draft),
        }
    }
    let place = |draft: &Draft| RULES.iter().position(|(id, _)| *id == draft.id);
    first.sort_by_key(place);
    first
}

/// Drafts one fix: in the macro's block around the value where there is one and the fix can; for
/// the variable that keeps a temporary where there is nothing to do with the temporary itself.
fn draft(id: &str, rule: Rule, context: &FixContext<'_>, views: &Views<'_>) -> Option<Draft> {
    let of_statements = |_: &&FixContext<'_>| macro_body::suits(id);
    let block = views.block.as_ref().filter(of_statements);
    let variable = views.variable.as_ref().filter(of_statements);
    block
        .and_then(rule)
        .or_else(|| rule(context))
        .or_else(|| views.call.as_ref().filter(|_| id == "await_first").and_then(rule))
        .or_else(|| variable.and_then(rule))
}

#[cfg(test)]
pub(crate) mod tests;
