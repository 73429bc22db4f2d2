//! From an expression or a type to the places where the target type is written.

mod macros;
mod names;

use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextRange, ast};

use super::{Seen, Site, Target, World, lookup};

/// Names that lead to names: a walk longer than this has lost its way.
const DEPTH_MAX: usize = 16;

/// A walk; it collects what must change on the way.
pub(in super::super) struct Walk<'w> {
    world: &'w World<'w>,
    target: &'w dyn Target,
    /// Places that hold the type as it was.
    pub(in super::super) sites: Vec<Site>,
    /// How often the type was seen, changed or not: whether a way led somewhere.
    touched: usize,
    visited: HashSet<(Utf8PathBuf, TextRange, SyntaxKind)>,
    depth: usize,
}

impl<'w> Walk<'w> {
    pub(in super::super) fn new(world: &'w World<'w>, target: &'w dyn Target) -> Self {
        Self { world, target, sites: Vec::new(), touched: 0, visited: HashSet::new(), depth: 0 }
    }

    /// Follows whatever stands at a node: an expression, a type, a pattern, a parameter.
    pub(in super::super) fn node(&mut self, file: &Utf8Path, node: &SyntaxNode) {
        if let Some(expr) = ast::Expr::cast(node.clone()) {
            self.expr(file, &expr);
        } else if let Some(field) = ast::RecordExprField::cast(node.clone()) {
            self.maybe(file, field.expr());
        } else if ast::RecordPatField::can_cast(node.kind()) {
            self.pattern(file, node);
        } else if ast::Pat::can_cast(node.kind()) || ast::Name::can_cast(node.kind()) {
            // `self: Rc<Self>` says it itself.
            let receiver = node.parent().and_then(ast::SelfParam::cast).and_then(|it| it.ty());
            match node.parent().and_then(ast::Fn::cast) {
                Some(func) => self.signature(file, &func),
                None if receiver.is_some() => {
                    receiver.iter().for_each(|ty| self.types(file, ty.syntax()));
                }
                None => self.pattern(file, node),
            }
        } else if ast::NameRef::can_cast(node.kind()) {
            if let Some(parent) = node.parent() {
                self.name_ref(file, &parent);
            }
        } else {
            self.types(file, node);
        }
    }

    /// The fields of a struct or an enum, by its name.
    pub(super) fn fields_of(&mut self, file: &Utf8Path, name: &SyntaxNode) {
        self.definition(file, &name.text().to_string(), true);
    }

    /// Every mention of the target type within a node; where there is none, behind the aliases
    /// and structs that it names.
    pub(in super::super) fn types(&mut self, file: &Utf8Path, node: &SyntaxNode) {
        if !self.enter(file, node) {
            return;
        }
        let (before, sites_before) = (self.touched, self.sites.len());
        for inner in node.descendants() {
            self.look(file, &inner);
        }
        let mut names = lookup::names_in(node);
        if names.iter().any(|name| name == "Self") {
            names.extend(enclosing_type(node));
        }
        for name in &names {
            self.definition(file, name, false);
        }
        // Of several fields one may be as wanted, and another hide what is looked for.
        let is_as_wanted = match ast::FieldList::can_cast(node.kind()) {
            true => self.sites.len() > sites_before,
            false => self.touched > before,
        };
        if !is_as_wanted && self.target.hides_in_fields() {
            for name in &names {
                self.definition(file, name, true);
            }
        }
        self.depth -= 1;
    }

    /// Follows an expression to what gives it its type.
    pub(in super::super) fn expr(&mut self, file: &Utf8Path, expr: &ast::Expr) {
        if !self.enter(file, expr.syntax()) {
            return;
        }
        match expr {
            ast::Expr::CallExpr(it) => self.call(file, it),
            ast::Expr::MethodCallExpr(it) => self.method_call(file, it),
            ast::Expr::FieldExpr(it) => self.field(file, it),
            ast::Expr::PathExpr(it) => self.path(file, it),
            ast::Expr::ClosureExpr(it) => {
                let before = self.touched;
                for part in [
                    it.param_list().map(|it| it.syntax().clone()),
                    it.ret_type().map(|it| it.syntax().clone()),
                ] {
                    part.iter().for_each(|part| self.types(file, part));
                }
                self.maybe(file, it.body());
                if self.touched == before {
                    self.captures(file, it.syntax());
                }
            }
            ast::Expr::BlockExpr(it) => self.block(file, it),
            ast::Expr::MatchExpr(it) => {
                let arms = it.match_arm_list();
                for arm in arms.iter().flat_map(|it| it.arms()) {
                    self.maybe(file, arm.expr());
                }
            }
            ast::Expr::IfExpr(it) => {
                self.maybe(file, it.then_branch().map(ast::Expr::BlockExpr));
                match it.else_branch() {
                    Some(ast::ElseBranch::Block(it)) => self.block(file, &it),
                    Some(ast::ElseBranch::IfExpr(it)) => self.expr(file, &it.into()),
                    None => {}
                }
            }
            ast::Expr::RecordExpr(it) => {
                let name = it.path().and_then(|it| lookup::last_name(it.syntax()));
                if let Some(name) = name.filter(|_| self.target.hides_in_fields()) {
                    self.definition(file, &name, true);
                }
            }
            ast::Expr::CastExpr(it) => {
                if let Some(ty) = it.ty() {
                    self.types(file, ty.syntax());
                }
            }
            ast::Expr::MacroExpr(it) => self.macro_call(file, it),
            // `x.await`, `x?`, `&x`, `*x`, `(x)`, `x[i]`, `(a, b)`: whatever is inside.
            _ => {
                for inner in expr.syntax().children().filter_map(ast::Expr::cast) {
                    self.expr(file, &inner);
                }
            }
        }
        self.depth -= 1;
    }

    /// The definitions behind the names of a type as the compiler printed it.
    pub(in super::super) fn printed_type(&mut self, file: &Utf8Path, ty: &str) {
        let names = ty.split(|c: char| !(c == '_' || c.is_alphanumeric()));
        for name in names.filter(|name| name.starts_with(char::is_uppercase)) {
            self.definition(file, name, true);
        }
    }

    /// What a value is made for: the callee that takes it as an argument (`Rc::clone(&x)`), the
    /// field that it initialises.
    pub(super) fn expectation(&mut self, file: &Utf8Path, node: &SyntaxNode) {
        let Some(parent) = node.parent() else { return };
        let call = parent.parent().and_then(ast::CallExpr::cast);
        if let Some(callee) = call.and_then(|it| it.expr()) {
            self.look(file, callee.syntax());
        }
        let field =
            ast::RecordExprField::cast(node.clone()).or_else(|| ast::RecordExprField::cast(parent));
        let Some(field) = field else { return };
        let record = field.syntax().ancestors().find_map(ast::RecordExpr::cast);
        let owner =
            record.and_then(|it| it.path()?.segment()?.name_ref()).map(|it| it.text().to_string());
        let owner = owner.map(|owner| match owner.as_str() {
            "Self" => enclosing_type(node).unwrap_or(owner),
            _ => owner,
        });
        if let (Some(owner), Some(name)) = (owner, field.field_name()) {
            self.fields(file, name.text(), &|it| it == owner);
        }
    }

    /// The return type of a fn.
    pub(in super::super) fn signature(&mut self, file: &Utf8Path, func: &ast::Fn) {
        let Some(ret) = func.ret_type() else { return };
        let before = self.touched;
        self.types(file, ret.syntax());
        // What an `impl Trait` is, the body tells.
        let is_opaque =
            ret.syntax().descendants().any(|it| ast::ImplTraitType::can_cast(it.kind()));
        if is_opaque && self.touched == before {
            self.maybe(file, func.body().and_then(|it| it.tail_expr()));
        }
    }

    fn enter(&mut self, file: &Utf8Path, node: &SyntaxNode) -> bool {
        let key = (file.to_owned(), node.text_range(), node.kind());
        let is_new = self.depth < DEPTH_MAX && self.visited.insert(key);
        if is_new {
            self.depth += 1;
        }
        is_new
    }

    /// Judges one node.
    pub(super) fn look(&mut self, file: &Utf8Path, node: &SyntaxNode) -> bool {
        match self.target.look(self.world, file, node) {
            Seen::Plain(range, new_text) => {
                self.touched += 1;
                self.sites.push(Site::new(file, range, new_text));
                true
            }
            Seen::Done => {
                self.touched += 1;
                true
            }
            Seen::Other => false,
        }
    }

    fn maybe(&mut self, file: &Utf8Path, expr: Option<ast::Expr>) {
        if let Some(expr) = expr {
            self.expr(file, &expr);
        }
    }

    fn name_ref(&mut self, file: &Utf8Path, parent: &SyntaxNode) {
        if let Some(field) = ast::RecordExprField::cast(parent.clone()) {
            self.maybe(file, field.expr());
        } else if let Some(expr) = parent.ancestors().find_map(ast::Expr::cast) {
            self.expr(file, &expr);
        }
    }

    fn pattern(&mut self, file: &Utf8Path, pat: &SyntaxNode) {
        if let Some(owner) = lookup::owner_of_pattern(pat) {
            self.owner(file, &owner);
        }
    }

    /// What a declaration says of its variables' type.
    fn owner(&mut self, file: &Utf8Path, owner: &SyntaxNode) {
        if let Some(stmt) = ast::LetStmt::cast(owner.clone()) {
            if let Some(ty) = stmt.ty() {
                self.types(file, ty.syntax());
            }
            match stmt.initializer() {
                Some(value) => self.expr(file, &value),
                None => lookup::assigned(&stmt).iter().for_each(|it| self.expr(file, it)),
            }
        } else if let Some(it) = ast::LetExpr::cast(owner.clone()) {
            self.maybe(file, it.expr());
        } else if let Some(it) = ast::ForExpr::cast(owner.clone()) {
            self.maybe(file, it.iterable());
        } else if ast::MatchArm::can_cast(owner.kind()) {
            let scrutinee = owner.ancestors().find_map(ast::MatchExpr::cast);
            self.maybe(file, scrutinee.and_then(|it| it.expr()));
        } else if let Some(param) = ast::Param::cast(owner.clone()) {
            match param.ty() {
                Some(ty) => self.types(file, ty.syntax()),
                // A closure's parameter is made by the method that takes the closure.
                None => {
                    let call = owner.ancestors().find_map(ast::MethodCallExpr::cast);
                    self.maybe(file, call.and_then(|it| it.receiver()));
                }
            }
        }
    }

    /// A closure or an async block is made of the variables that it uses.
    fn captures(&mut self, file: &Utf8Path, node: &SyntaxNode) {
        for name in lookup::used_names(node) {
            if let Some(owner) = self.world.binding(file, &name, node) {
                self.owner(file, &owner);
            }
        }
    }

    fn block(&mut self, file: &Utf8Path, block: &ast::BlockExpr) {
        let before = self.touched;
        self.maybe(file, block.tail_expr());
        if block.async_token().is_none() {
            return;
        }
        let this = block.syntax();
        let ends = this.descendants().filter(|node| {
            super::enclosing_body(node).as_ref() == Some(this)
                && (ast::ReturnExpr::can_cast(node.kind()) || ast::TryExpr::can_cast(node.kind()))
        });
        let ends: Vec<ast::Expr> = ends.filter_map(ast::Expr::cast).collect();
        for end in ends {
            self.expr(file, &end);
        }
        if self.touched == before {
            self.captures(file, this);
        }
    }
}

/// The type that the impl around a node is for.
fn enclosing_type(node: &SyntaxNode) -> Option<String> {
    let item = node.ancestors().find_map(ast::Impl::cast)?;
    lookup::last_name(item.self_ty()?.syntax())
}
