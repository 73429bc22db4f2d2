//! Macro calls on the way: what they are made of, or what they become.

use camino::Utf8Path;
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, ast};

use super::{super::lookup, Walk};

impl Walk<'_> {
    /// `vec![Rc::new(1)]` is made of its arguments; of other macros the calls are followed.
    pub(super) fn macro_call(&mut self, file: &Utf8Path, expr: &ast::MacroExpr) {
        let path = expr.macro_call().and_then(|it| it.path());
        match path.and_then(|it| lookup::last_name(it.syntax())).as_deref() {
            Some("vec") => {
                for arg in self.world.macro_args(file, expr.syntax()) {
                    self.expr(file, &arg);
                }
            }
            _ => {
                let before = self.touched;
                self.own_macro(file, expr.syntax());
                if self.touched == before {
                    self.macro_tokens(file, expr.syntax());
                }
            }
        }
    }

    /// What a call of a macro of the workspace becomes.
    pub(super) fn own_macro(&mut self, file: &Utf8Path, call: &SyntaxNode) -> Option<()> {
        let written = self.world.written(file).filter(|it| it.name != file)?;
        let range = written.of_call(call.text_range())?;
        let tree = self.world.tree(&written.name)?;
        let node = tree.text_range().contains_range(range).then(|| tree.covering_element(range))?;
        let around = node.ancestors().take_while(|it| it.text_range() == range);
        let expr = around.filter_map(ast::Expr::cast).last()?;
        self.expr(&written.name, &expr);
        Some(())
    }

    /// Calls within a macro's tokens: `join!(load(), save())`.
    pub(super) fn macro_tokens(&mut self, file: &Utf8Path, node: &SyntaxNode) {
        let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
        let names: Vec<String> = tokens
            .filter(|token| token.kind() == SyntaxKind::IDENT)
            .filter(|token| {
                token.next_token().is_some_and(|next| next.kind() == SyntaxKind::L_PAREN)
            })
            .map(|token| token.text().to_owned())
            .collect();
        for name in names {
            self.functions(file, &name, None);
        }
    }
}
