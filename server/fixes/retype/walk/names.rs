//! What a name leads to: the fn that a call names, the field that an expression reads, the struct
//! behind a type, the static behind a path.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasArgList},
};

use super::{
    super::{index::Index, lookup},
    Walk,
};

impl Walk<'_> {
    /// Visits what `find` finds in the nearest files, until one of the tiers led somewhere.
    pub(super) fn nearest<T>(
        &mut self,
        from: &Utf8Path,
        needle: &str,
        find: &dyn Fn(&Index) -> Vec<T>,
        visit: &dyn Fn(&mut Self, &Utf8Path, &T),
    ) {
        let before = self.touched;
        for tier in self.world.tiers(from, needle) {
            for file in tier {
                let Some(known) = self.world.file(&file) else {
                    continue;
                };
                for found in find(known.index()) {
                    visit(self, &file, &found);
                }
            }
            if self.touched > before {
                return;
            }
        }
        // What a macro of the workspace defines.
        for file in self.world.written_with(needle) {
            let Some(known) = self.world.file(&file) else { continue };
            for found in find(known.index()) {
                visit(self, &file, &found);
            }
        }
    }

    pub(super) fn definition(&mut self, file: &Utf8Path, name: &str, fields: bool) {
        self.nearest(
            file,
            name,
            &|index| match fields {
                true => index.contents(name).to_vec(),
                false => index.aliases(name).to_vec(),
            },
            &|walk, file, node| walk.types(file, node),
        );
    }

    pub(super) fn functions(&mut self, file: &Utf8Path, name: &str, owner: Option<&str>) {
        self.nearest(
            file,
            &format!("fn {name}"),
            &|index| index.fns(name, owner).cloned().collect(),
            &|walk, file, func: &ast::Fn| walk.signature(file, func),
        );
    }

    pub(super) fn call(&mut self, file: &Utf8Path, call: &ast::CallExpr) {
        let before = self.touched;
        if let Some(ast::Expr::PathExpr(callee)) = call.expr() {
            if self.constructor(file, call) {
                return;
            }
            // `Ok::<(), Box<dyn Error>>(())` says it itself.
            for inner in callee.syntax().descendants() {
                self.look(file, &inner);
            }
            if self.touched == before {
                self.callee(file, &callee);
            }
        } else {
            self.maybe(file, call.expr());
        }
        if self.touched == before {
            let args = call.arg_list();
            for arg in args.iter().flat_map(|it| it.args()) {
                self.expr(file, &arg);
            }
        }
    }

    /// `Rc::new(Cell::new(1))`: both layers make a value of a target type.
    pub(super) fn constructor(&mut self, file: &Utf8Path, call: &ast::CallExpr) -> bool {
        let Some(ast::Expr::PathExpr(callee)) = call.expr() else {
            return false;
        };
        let sites_before = self.sites.len();
        let is_target = self.look(file, callee.syntax());
        // `Arc::clone(&cell)`: the outer layer is as it shall be, so it is what lies within.
        let is_as_wanted = is_target && self.sites.len() == sites_before;
        let args = call.arg_list().filter(|_| is_target);
        for arg in args.iter().flat_map(|it| it.args()) {
            match &arg {
                ast::Expr::CallExpr(inner) if self.constructor(file, inner) => {}
                _ if is_as_wanted => self.expr(file, &arg),
                _ => {}
            }
        }
        is_target
    }

    pub(super) fn callee(&mut self, file: &Utf8Path, callee: &ast::PathExpr) {
        let Some(path) = callee.path() else { return };
        let Some(name) = path.segment().and_then(|it| it.name_ref()) else {
            return;
        };
        let owner = path.qualifier().and_then(|it| it.segment()?.name_ref());
        let owner = owner.map(|it| it.text().to_string());
        match owner.as_deref() {
            None => {
                if let Some(local) = self.world.binding(file, name.text(), callee.syntax()) {
                    self.owner(file, &local);
                } else {
                    self.functions(file, name.text(), None);
                }
            }
            // A module, or `Self`, has any owner; a type's name is one.
            Some(owner) if owner != "Self" && owner.starts_with(char::is_uppercase) => {
                self.functions(file, name.text(), Some(owner));
            }
            Some(_) => self.functions(file, name.text(), None),
        }
    }

    pub(super) fn method_call(&mut self, file: &Utf8Path, call: &ast::MethodCallExpr) {
        let before = self.touched;
        if let Some(name) = call.name_ref() {
            self.functions(file, name.text(), None);
        }
        if self.touched == before {
            self.maybe(file, call.receiver());
        }
        if self.touched == before {
            let args = call.arg_list();
            for arg in args.iter().flat_map(|it| it.args()) {
                self.expr(file, &arg);
            }
        }
    }

    /// The field of the struct that the receiver's declaration names, else of any that has one.
    pub(super) fn field(&mut self, file: &Utf8Path, field: &ast::FieldExpr) {
        let Some(name) = field.name_ref().map(|it| it.text().to_string()) else {
            return;
        };
        let owners = field.expr().map(|it| self.type_names(file, &it)).unwrap_or_default();
        let before = self.touched;
        if !owners.is_empty() {
            self.fields(file, &name, &|owner| owners.iter().any(|it| it == owner));
        }
        if self.touched == before {
            self.fields(file, &name, &|_| true);
        }
    }

    pub(super) fn fields(&mut self, file: &Utf8Path, name: &str, owned: &dyn Fn(&str) -> bool) {
        self.nearest(
            file,
            if name.parse::<usize>().is_ok() { "struct" } else { name },
            &|index| {
                let fields = index.fields(name).iter().filter(|(owner, _)| owned(owner));
                fields.map(|(_, ty)| ty.clone()).collect()
            },
            &|walk, file, node| walk.types(file, node),
        );
    }

    /// The names in the declared type of a receiver: of `self`, or of a parameter.
    pub(super) fn type_names(&self, file: &Utf8Path, receiver: &ast::Expr) -> Vec<String> {
        let node = receiver.syntax();
        if node.text() == "self" {
            let real = self.world.real_node(file, node).unwrap_or_else(|| node.clone());
            let func = real.ancestors().find_map(ast::Fn::cast);
            return func.and_then(|it| lookup::owner_of(&it)).into_iter().collect();
        }
        let declared = self.world.binding(file, &node.text().to_string(), node);
        let ty = declared.and_then(|node| {
            ast::Param::cast(node.clone())
                .and_then(|it| it.ty())
                .or_else(|| ast::LetStmt::cast(node).and_then(|it| it.ty()))
        });
        ty.map(|ty| lookup::names_in(ty.syntax())).unwrap_or_default()
    }

    pub(super) fn path(&mut self, file: &Utf8Path, path: &ast::PathExpr) {
        if self.look(file, path.syntax()) {
            return;
        }
        let Some(path_node) = path.path() else { return };
        let Some(name) = path_node.segment().and_then(|it| it.name_ref()) else {
            return;
        };
        let name = name.text().to_string();
        if path_node.qualifier().is_none()
            && let Some(owner) = self.world.binding(file, &name, path.syntax())
        {
            return self.owner(file, &owner);
        }
        let before = self.touched;
        self.nearest(file, &name, &|index| index.statics(&name).to_vec(), &|walk, file, node| {
            walk.whole(file, node)
        });
        if self.touched == before {
            self.functions(file, &name, None);
        }
    }

    /// A static or constant: its type and its value.
    pub(super) fn whole(&mut self, file: &Utf8Path, item: &SyntaxNode) {
        for node in item.descendants() {
            self.look(file, &node);
        }
        for ty in item.children().filter(|it| ast::Type::can_cast(it.kind())) {
            self.types(file, &ty);
        }
    }
}
