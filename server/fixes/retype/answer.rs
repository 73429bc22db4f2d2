//! Answers an error of a half-changed type: the places that it names are followed to where the
//! type is still written as it was.

use cargo_metadata::diagnostic::{Diagnostic, DiagnosticSpan};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode,
    ast::{self},
};

use super::{Site, Target, Walk, World, enclosing_body, node_at, span_of};
use crate::{fixes::RepairContext, problem::Edit};

/// Edits at every place that an error leads to; empty when it leads nowhere.
pub(in super::super) fn answer(context: &RepairContext<'_>, target: &dyn Target) -> Vec<Edit> {
    let world = context.world;
    let mut walk = Walk::new(world, target);
    for (span, is_within) in spans_of(context.error) {
        follow(world, &mut walk, span, is_within);
    }
    // Where no name led to the type, the compiler's own word for it may.
    if walk.sites.is_empty() {
        for (span, _) in spans_of(context.error) {
            let label = span.label.as_deref().unwrap_or_default();
            let ty = label.strip_prefix("has type `").and_then(|it| it.split('`').next());
            if let Some(ty) = ty {
                walk.printed_type(&span_of(span).file, ty);
            }
        }
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

/// The spans that speak of the type, and whether they say that it is within another; those about
/// awaits, bounds and futures do not.
fn spans_of(error: &Diagnostic) -> impl Iterator<Item = (&DiagnosticSpan, bool)> {
    let silent = ["await occurs here", "required by", "future returned by", "future created by"];
    let parts = std::iter::once(error).chain(&error.children);
    let spans = parts.flat_map(|part| {
        let is_within = part.message.contains("appears within the type");
        part.spans.iter().map(move |span| (span, is_within))
    });
    spans.filter(move |(span, _)| {
        let label = span.label.as_deref().unwrap_or_default();
        !silent.iter().any(|it| label.starts_with(it))
    })
}

fn follow(world: &World<'_>, walk: &mut Walk<'_>, span: &DiagnosticSpan, is_within: bool) {
    let span = span_of(span);
    let Some((node, range)) = node_at(world, &span) else {
        return;
    };
    if is_within && ast::Name::can_cast(node.kind()) {
        return walk.fields_of(&span.file, &node);
    }
    let is_question_mark = node.kind() == SyntaxKind::TRY_EXPR && node.text_range() != range;
    if is_question_mark || node.text_range() == range {
        walk.expectation(&span.file, &node);
        return walk.node(&span.file, &node);
    }
    // A span over several nodes, such as a whole signature.
    let types = node.descendants().filter(|inner| {
        ast::Type::can_cast(inner.kind()) && range.contains_range(inner.text_range())
    });
    for ty in types {
        walk.types(&span.file, &ty);
    }
}

/// What the body around an error returns: `?` and the tail must fit it.
fn surroundings(world: &World<'_>, walk: &mut Walk<'_>, span: &DiagnosticSpan) {
    let span = span_of(span);
    let Some((node, _)) = node_at(world, &span) else {
        return;
    };
    let Some(body) = enclosing_body(&node) else {
        return;
    };
    if let Some(func) = ast::Fn::cast(body.clone()) {
        walk.signature(&span.file, &func);
    } else {
        written_types(&body).for_each(|ty| walk.types(&span.file, &ty));
    }
}

/// Types that a closure or async block writes down itself, in a turbofish for instance.
fn written_types(body: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> {
    body.descendants().filter(|node| {
        ast::RetType::can_cast(node.kind()) || ast::GenericArgList::can_cast(node.kind())
    })
}
