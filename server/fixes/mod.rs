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
mod lock_stdin_in_each_turn;
mod macro_body;
mod make_trait_future_send;
mod move_after_await;
mod place;
mod promise_send_future;
mod reachable;
mod reads;
mod region;
mod replace_cell_with_atomic;
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
mod take_owned_argument;
mod use_send_rng;
mod use_send_variant;
mod write_without_lock;

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
    ("replace_mutex_with_tokio", replace_mutex_with_tokio::polish),
    ("replace_rc_with_arc", replace_rc_with_arc::polish),
    ("replace_refcell_with_mutex", replace_refcell_with_mutex::polish),
    ("replace_cell_with_atomic", replace_cell_with_atomic::polish),
];

/// The last edits of an accepted fix; `None` when it is as it should be.
pub fn polish(id: &str, problem: &Problem, before: &Sources, after: &Sources) -> Option<Vec<Edit>> {
    let (_, polish) = POLISH.iter().find(|(known, _)| *known == id)?;
    polish(problem, before, after)
}

/// What to say of the variant that was accepted, where the draft's own note does not know it: a
/// fix of scopes copies only in some of its variants.
pub fn note(draft: &Draft, before: &Sources, edits: &[Edit]) -> Option<String> {
    if draft.id == "replace_rc_with_arc" {
        let written: String = edits.iter().map(|it| it.new_text.as_str()).collect();
        return share_contents::note(&written).map(str::to_owned);
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
    ("lock_stdin_in_each_turn", lock_stdin_in_each_turn::lock_stdin_in_each_turn),
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

/// Fixes that write down a promise, which what is inside must keep: where it does not, its own
/// fix follows.
pub fn promises_send(id: &str) -> bool {
    matches!(
        id,
        "add_send_to_trait_object"
            | "drop_maybe_send"
            | "replace_local_box"
            | "promise_send_future"
            | "return_send_future"
            | "box_trait_future"
            | "use_send_variant"
            | "make_trait_future_send"
    )
}

/// Fixes that repair nothing: they make the next check say more, so there is nothing to verify.
pub fn is_question(id: &str) -> bool {
    id == "add_debug_handler"
}

/// Drafts every fix that applies to a problem, in menu order.
pub fn drafts(problem: &Problem, sources: &Sources) -> Vec<Draft> {
    let Some(context) = FixContext::new(problem, sources) else {
        return Vec::new();
    };
    let inner = macro_body::within(&context);
    let draft = |(id, rule): &(&str, Rule)| draft(id, *rule, &context, inner.as_ref());
    let mut drafts: Vec<Draft> = RULES.iter().filter_map(draft).collect();
    // An error type that is mended helps everywhere, a branch that is rewritten only once.
    let is_error = problem.leaf.as_deref().and_then(retype::dyn_trait) == Some("Error");
    drafts.sort_by_key(|draft| is_error && draft.id == "split_branch_at_await");
    share_before_copying(&mut drafts);
    drafts
}

/// A copy of all that an `Rc` holds, beside the `Rc`, is a stopgap: an `Arc` comes first.
fn share_before_copying(drafts: &mut Vec<Draft>) {
    let at = |id: &str| drafts.iter().position(|draft| draft.id == id);
    let copies_all = |draft: &Draft| {
        let first = draft.variants.first().into_iter().flatten();
        first.map(|edit| edit.new_text.as_str()).any(|text| text.contains(" = (*"))
    };
    if let (Some(copy), Some(share)) =
        (at("capture_only_what_is_needed"), at("replace_rc_with_arc"))
        && copy < share
        && drafts.get(copy).is_some_and(copies_all)
    {
        let draft = drafts.remove(copy);
        drafts.insert(share, draft);
    }
}

/// Drafts one fix: in the macro's block around the value where there is one and the fix can.
fn draft(
    id: &str,
    rule: Rule,
    context: &FixContext<'_>,
    inner: Option<&FixContext<'_>>,
) -> Option<Draft> {
    let inner = inner.filter(|_| macro_body::suits(id));
    inner.and_then(rule).or_else(|| rule(context))
}

#[cfg(test)]
pub(crate) mod tests;
