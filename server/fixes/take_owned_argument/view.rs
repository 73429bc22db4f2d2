//! Arguments that are views of other data, guards that only read: the fn takes the data, and its
//! callers pass a copy.

use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasGenericArgs, HasName},
};

use super::super::{
    Draft, FixContext, Reach, RepairContext,
    borrowed_argument::{is_ours, is_sized},
    retype::{self, Site, node_at},
};
use crate::problem::Edit;

/// Views that only read.
const GUARDS: &[&str] = &["Ref", "MutexGuard", "RwLockReadGuard"];

/// What is copied by reading it.
const COPIED: &[&str] = &[
    "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64",
];

/// Drafts the fix for an argument that is a view; one that is written through is none.
pub(super) fn draft(context: &FixContext<'_>) -> Option<Draft> {
    let name = context.held.name.as_deref()?;
    let param = context.value_node().ancestors().find_map(ast::Param::cast)?;
    let func = ast::Fn::cast(param.syntax().parent()?.parent()?).filter(is_ours)?;
    let pattern = ast::IdentPat::cast(param.pat()?.syntax().clone())?;
    let ast::Type::PathType(ty) = param.ty()? else { return None };
    let segment = ty.path()?.segment()?;
    let head = segment.name_ref()?.text().to_string();
    let range = ty.syntax().text_range();
    if !GUARDS.contains(&head.as_str()) || pattern.mut_token().is_some() {
        return None;
    }
    let arguments = segment.generic_arg_list()?;
    let types = arguments.generic_args().filter_map(|it| match it {
        ast::GenericArg::TypeArg(it) => it.ty(),
        _ => None,
    });
    let data = types.last().filter(is_sized)?.syntax().text().to_string();
    let note = format!("`{}` works on a copy: nothing is locked while it runs.", title_of(&func));
    Some(Draft {
        id: "take_owned_argument",
        title: format!("Take `{name}` as `{data}` in `{}`", title_of(&func)),
        note: Some(note),
        variants: vec![vec![context.edit(range, data)]],
        reach: Reach::Workspace,
        repairs: &[pass_data, read_directly],
    })
}

fn title_of(func: &ast::Fn) -> String {
    func.name().map_or_else(String::new, |it| it.text().to_string())
}

/// A caller that still passes the guard: `*guard` where that copies, else `guard.clone()`.
fn pass_data(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let (place, range, text) = mismatched(context)?;
    let words = retype::texts_of(context.error);
    let expected = words.split("expected `").nth(1)?.split('`').next()?.to_owned();
    let found = words.split("found `").nth(1)?.split('`').next()?.to_owned();
    let head = found.split('<').next().unwrap_or_default();
    GUARDS.contains(&head.rsplit("::").next().unwrap_or_default()).then_some(())?;
    let new_text = match COPIED.contains(&expected.as_str()) {
        true => format!("*{text}"),
        false => format!("{text}.clone()"),
    };
    Some(edit(context, &place, range, new_text))
}

/// `*x` where `x` is the data by now.
fn read_directly(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    if context.error.code.as_ref().is_none_or(|it| it.code != "E0614") {
        return None;
    }
    let (place, range, text) = mismatched(context)?;
    let star = TextRange::at(range.start(), 1.into());
    text.starts_with('*').then(|| edit(context, &place, star, String::new()))
}

fn mismatched(context: &RepairContext<'_>) -> Option<(camino::Utf8PathBuf, TextRange, String)> {
    let primary = context.error.spans.iter().find(|span| span.is_primary)?;
    let place = retype::span_of(primary);
    let (_, range) = node_at(context.world, &place)?;
    let text = context.sources.slice(&place)?.to_owned();
    Some((place.file, range, text))
}

fn edit(
    context: &RepairContext<'_>,
    file: &camino::Utf8Path,
    range: TextRange,
    text: String,
) -> Vec<Edit> {
    context.world.edits(vec![Site::new(file, range, text)])
}
