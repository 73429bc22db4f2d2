//! An argument or receiver that is borrowed (`&T`, `&self`) where `T` may not be shared: what the
//! fixes that pass it another way have in common.

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasName},
};

use super::{
    FixContext, RepairContext,
    retype::{self, Site, node_at},
};
use crate::problem::Edit;

/// A shared reference among the arguments of a fn.
pub(super) struct Borrowed {
    /// The fn.
    pub(super) func: ast::Fn,
    /// The argument's name, `self` for a receiver.
    pub(super) name: String,
    /// The `&` with its lifetime and the space behind.
    pub(super) reference: TextRange,
}

impl Borrowed {
    /// The argument that is, or is captured by, the value at fault. Fns of traits are promised to
    /// others as they are.
    pub(super) fn find(context: &FixContext<'_>) -> Option<Self> {
        let ty = context.held.ty.as_deref()?;
        if !ty.starts_with('&') || ty.starts_with("&mut ") {
            return None;
        }
        let node = context.value_node();
        let own = node.ancestors().find_map(ast::Fn::cast)?;
        let is_self = context.held.name.as_deref() == Some("self") || node.text() == "self";
        let is_receiver = node.ancestors().any(|it| ast::SelfParam::can_cast(it.kind()));
        if is_self || is_receiver {
            let receiver = own.param_list()?.self_param()?;
            let (start, end) = (receiver.amp_token()?, receiver.name()?);
            let is_plain = receiver.mut_token().is_none() && receiver.colon_token().is_none();
            let reference =
                TextRange::new(start.text_range().start(), end.syntax().text_range().start());
            let found = Self { func: own, name: "self".to_owned(), reference };
            return is_ours(&found.func).then_some(found).filter(|_| is_plain);
        }
        let name = context.held.name.clone()?;
        let world = &context.world;
        let param = node.ancestors().find_map(ast::Param::cast);
        let param =
            param.or_else(|| ast::Param::cast(world.binding(context.file, &name, &node)?))?;
        let func = ast::Fn::cast(param.syntax().parent()?.parent()?)?;
        let ast::Type::RefType(ty) = param.ty()? else {
            return None;
        };
        let inner = ty.ty().filter(|it| is_sized(it) && ty.mut_token().is_none())?;
        let start = ty.syntax().text_range().start();
        let reference = TextRange::new(start, inner.syntax().text_range().start());
        let found = Self { func, name, reference };
        is_ours(&found.func).then_some(found)
    }

    /// The fn's name.
    pub(super) fn func_name(&self) -> String {
        self.func.name().map_or_else(String::new, |it| it.text().to_string())
    }
}

/// Whether a fn belongs to no trait.
pub(super) fn is_ours(func: &ast::Fn) -> bool {
    let mut around = func.syntax().ancestors();
    let owner =
        around.find(|node| ast::Impl::can_cast(node.kind()) || ast::Trait::can_cast(node.kind()));
    owner.is_none_or(|it| ast::Impl::cast(it).is_some_and(|it| it.trait_().is_none()))
}

/// What can be passed by value.
pub(super) fn is_sized(ty: &ast::Type) -> bool {
    match ty {
        ast::Type::DynTraitType(_) | ast::Type::SliceType(_) | ast::Type::ImplTraitType(_) => false,
        ast::Type::ParenType(it) => it.ty().is_some_and(|it| is_sized(&it)),
        _ => ty.syntax().text() != "str",
    }
}

/// What the compiler proposes for the callers and the body: to remove or add a borrow, to declare
/// a variable mutable.
pub(super) fn suggested(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    const KNOWN: &[&str] = &[
        "consider removing the borrow",
        "consider borrowing here",
        "consider mutably borrowing here",
        "consider changing this to be mutable",
        "consider changing this to be a mutable reference",
    ];
    let world = context.world;
    let helps = context.error.children.iter();
    let known = helps.filter(|it| KNOWN.iter().any(|known| it.message.starts_with(known)));
    let sites: Vec<Site> = known
        .flat_map(|it| &it.spans)
        .filter_map(|span| {
            let text = span.suggested_replacement.clone()?;
            let place = retype::span_of(span);
            let (_, range) = node_at(world, &place)?;
            Some(Site::new(&place.file, range, text))
        })
        .collect();
    (!sites.is_empty()).then(|| world.edits(sites))
}

/// `f(&x)` where `&mut` is expected.
pub(super) fn lend_mutably(context: &RepairContext<'_>) -> Option<Vec<Edit>> {
    if !retype::texts_of(context.error).contains("types differ in mutability") {
        return None;
    }
    let world = context.world;
    let primary = context.error.spans.iter().find(|span| span.is_primary)?;
    let place = retype::span_of(primary);
    let (node, _) = node_at(world, &place)?;
    let borrow = node.ancestors().take(2).find_map(ast::RefExpr::cast)?;
    let inner: SyntaxNode = borrow.expr()?.syntax().clone();
    let at = TextRange::empty(inner.text_range().start());
    borrow
        .mut_token()
        .is_none()
        .then(|| world.edits(vec![Site::new(&place.file, at, "mut ".into())]))
}
