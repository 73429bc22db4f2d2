//! Answers an error of a half-changed type: the places that it names are followed to where the
//! type is still written as it was.

use cargo_metadata::diagnostic::{Diagnostic, DiagnosticSpan};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode,
    ast::{self, HasGenericParams},
};

use super::{Site, Target, Walk, World, enclosing_body, node_at, place_at, span_of};
use crate::{fixes::RepairContext, problem::Edit};

/// Edits at every place that an error leads to; empty when it leads nowhere.
pub(in super::super) fn answer(context: &RepairContext<'_>, target: &dyn Target) -> Vec<Edit> {
    let world = context.world;
    let mut walk = Walk::new(world, target);
    for span in spans_of(context.error) {
        follow(world, &mut walk, span);
    }
    // Where no name led to the type, the compiler's own word for it may.
    if walk.sites.is_empty() {
        for span in spans_of(context.error) {
            let label = span.label.as_deref().unwrap_or_default();
            let ty = label.strip_prefix("has type `").and_then(|it| it.split('`').next());
            if let Some(ty) = ty {
                walk.printed_type(&span_of(span).file, ty);
            }
        }
    }
    // A parameter that shall return the type: its bound says what it returns.
    if walk.sites.is_empty() {
        parameter_bounds(world, &mut walk, context.error);
    }
    // A family error is about a value, not about the fn that happens to spawn it.
    if walk.sites.is_empty() && context.error.code.is_some() {
        for span in context.error.spans.iter().filter(|span| span.is_primary) {
            surroundings(world, &mut walk, span);
        }
    }
    world.edits(walk.sites)
}

/// A type parameter (`T`, `impl Fn()`) goes where the bounds are promised now: rustc names the
/// place and the bound itself.
pub(in super::super) fn restrict_parameter(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    let world = context.world;
    let helps = context.error.children.iter();
    let spans =
        helps.filter(|help| help.message.contains("restricting")).flat_map(|help| &help.spans);
    let sites: Vec<Site> = spans
        .filter_map(|span| {
            let bound = span.suggested_replacement.as_deref()?;
            let is_auto = ["Send", "Sync"].iter().any(|it| bound.trim_end().ends_with(it));
            let place = span_of(span);
            let (_, range) = node_at(world, &place)?;
            let short = bound.replace("std::marker::", "").replace("core::marker::", "");
            is_auto.then(|| Site::new(&place.file, range, short))
        })
        .collect();
    (!sites.is_empty()).then(|| world.edits(sites))
}

/// The spans that speak of the type; those about awaits, bounds and futures do not.
fn spans_of(error: &Diagnostic) -> impl Iterator<Item = &DiagnosticSpan> {
    let silent = ["await occurs here", "required by", "future returned by", "future created by"];
    std::iter::once(error).chain(&error.children).flat_map(|part| &part.spans).filter(move |span| {
        let label = span.label.as_deref().unwrap_or_default();
        !silent.iter().any(|it| label.starts_with(it))
    })
}

fn follow(world: &World<'_>, walk: &mut Walk<'_>, span: &DiagnosticSpan) {
    let Some((file, node, range)) = place_at(world, &span_of(span)) else {
        return;
    };
    let is_question_mark = node.kind() == SyntaxKind::TRY_EXPR && node.text_range() != range;
    if is_question_mark || node.text_range() == range {
        walk.expectation(&file, &node);
        return walk.node(&file, &node);
    }
    // A span over several nodes, such as a whole signature.
    let types = node.descendants().filter(|inner| {
        ast::Type::can_cast(inner.kind()) && range.contains_range(inner.text_range())
    });
    for ty in types {
        walk.types(&file, &ty);
    }
}

/// ``expected `T` to return `X`, but it returns `Y` ``: the bounds of `T`, on whatever declares it
/// around the error.
fn parameter_bounds(world: &World<'_>, walk: &mut Walk<'_>, error: &Diagnostic) {
    let Some(name) = returning(&error.message) else { return };
    for span in error.spans.iter().filter(|span| span.is_primary).map(span_of) {
        let Some((node, _)) = node_at(world, &span) else { continue };
        let is_named = |it: &SyntaxNode| it.text() == name;
        for owner in node.ancestors().filter_map(ast::AnyHasGenericParams::cast) {
            let params = owner.generic_param_list().map(|it| it.syntax().clone());
            let params = params.iter().flat_map(|it| it.children()).filter(|it| {
                let declared = it.children().find(|it| ast::Name::can_cast(it.kind()));
                declared.is_some_and(|it| is_named(&it))
            });
            let clause = owner.where_clause().map(|it| it.syntax().clone());
            let predicates = clause.iter().flat_map(|it| it.children());
            let predicates =
                predicates.filter(|it| it.first_child().is_some_and(|it| is_named(&it)));
            for bounds in params.chain(predicates) {
                walk.types(&span.file, &bounds);
            }
        }
    }
}

/// The identifier in ``expected `T` to return ``.
fn returning(message: &str) -> Option<&str> {
    let (name, rest) = message.strip_prefix("expected `")?.split_once('`')?;
    let is_ident = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_ident && rest.starts_with(" to return ")).then_some(name)
}

/// What the body around an error returns: `?` and the tail must fit it.
fn surroundings(world: &World<'_>, walk: &mut Walk<'_>, span: &DiagnosticSpan) {
    let Some((file, node, _)) = place_at(world, &span_of(span)) else {
        return;
    };
    let Some(body) = enclosing_body(&node) else {
        return;
    };
    if let Some(func) = ast::Fn::cast(body.clone()) {
        walk.signature(&file, &func);
    } else {
        written_types(&body).for_each(|ty| walk.types(&file, &ty));
    }
}

/// Types that a closure or async block writes down itself, in a turbofish for instance.
fn written_types(body: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> {
    body.descendants().filter(|node| {
        ast::RetType::can_cast(node.kind()) || ast::GenericArgList::can_cast(node.kind())
    })
}

#[cfg(test)]
mod tests {
    use super::returning;

    #[test]
    fn parameters_that_return() {
        for (message, name) in [
            (
                "expected `Größe` to return `Pin<Box<u8>>`, but it returns `Pin<Box<u16>>`",
                Some("Größe"),
            ),
            ("expected `{closure@src/a.rs:1:2: 1:4}` to return `u8`, but it returns `u16`", None),
            ("expected `T` to be a future that resolves to `u8`", None),
            ("mismatched types", None),
        ] {
            assert_eq!(returning(message), name, "{message}");
        }
    }
}
