//! Finding the async bodies of a file, those inside macros included, and analysing each.

use std::rc::Rc;

use ra_ap_syntax::{
    AstNode, Edition, NodeOrToken, SmolStr, SourceFile, SyntaxKind, SyntaxNode, T, TextRange,
    TextSize, ast,
};

use super::{
    AsyncBody, BodyKind, Crossing, Origin,
    control::FOR_AWAIT,
    crossings::{await_offsets, crossings},
    graph::ScopeKind,
    in_file::InFile,
    lower::{Lowering, name_of, shifted},
    macros::{STREAMS, macro_name},
    surroundings::{Site, outer_binding},
    types::Facts,
};

/// How deep macros nest before they are left alone.
const MACRO_DEPTH_MAX: u32 = 8;

/// Collects the bodies of one file.
pub(super) struct Finder<'a> {
    edition: Edition,
    facts: &'a Facts,
    in_file: &'a InFile,
    found: Vec<AsyncBody>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(edition: Edition, facts: &'a Facts, in_file: &'a InFile) -> Self {
        Self { edition, facts, in_file, found: Vec::new() }
    }

    /// Every async body of a tree, outermost first; `shift` leads from its offsets to the file's.
    pub(super) fn find(mut self, root: &SyntaxNode, shift: i64) -> Vec<AsyncBody> {
        self.walk(root, shift, None, 0);
        self.found
    }

    fn walk(&mut self, root: &SyntaxNode, shift: i64, outer: Option<&Rc<Site>>, depth: u32) {
        for node in root.descendants() {
            let site = |node: &SyntaxNode| {
                Rc::new(Site { node: node.clone(), shift, outer: outer.cloned() })
            };
            match node.kind() {
                SyntaxKind::FN => {
                    if let Some(it) = ast::Fn::cast(node.clone()) {
                        self.function(&it, &site(&node));
                    }
                }
                SyntaxKind::BLOCK_EXPR => {
                    if let Some(it) = ast::BlockExpr::cast(node.clone()) {
                        self.block(&it, &site(&node));
                    }
                }
                SyntaxKind::CLOSURE_EXPR => {
                    if let Some(it) = ast::ClosureExpr::cast(node.clone()) {
                        self.closure(&it, &site(&node));
                    }
                }
                SyntaxKind::MACRO_CALL if depth < MACRO_DEPTH_MAX => {
                    if let Some(it) = ast::MacroCall::cast(node.clone()) {
                        self.macro_call(&it, &site(&node), depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    // --- kinds of bodies ------------------------------------------------------------------

    fn function(&mut self, it: &ast::Fn, site: &Rc<Site>) {
        let (Some(keyword), Some(body)) = (it.async_token(), it.body()) else {
            return;
        };
        let mut lowering = self.lowering(site);
        let end = lowering.range(body.syntax()).end();
        lowering.graph.enter(ScopeKind::Locals, end);
        lowering.parameters(it.param_list());
        lowering.graph.enter(ScopeKind::Temporaries, end);
        lowering.block(&body);
        let header = TextRange::new(keyword.text_range().start(), end_before(body.syntax()));
        let body = self.finish(lowering, site, BodyKind::Fn, name_of(it), header);
        self.found.push(body);
    }

    fn block(&mut self, it: &ast::BlockExpr, site: &Rc<Site>) {
        let Some(keyword) = it.async_token() else {
            return;
        };
        let header_end = it.stmt_list().map(|list| end_before(list.syntax()));
        let mut lowering = self.lowering(site);
        lowering.body_block(it);
        let start = keyword.text_range().start();
        let header = TextRange::new(start, header_end.unwrap_or(keyword.text_range().end()));
        let body = self.finish(lowering, site, BodyKind::Block, None, header);
        self.found.push(body);
    }

    fn closure(&mut self, it: &ast::ClosureExpr, site: &Rc<Site>) {
        let (Some(keyword), Some(body)) = (it.async_token(), it.body()) else {
            return;
        };
        let mut lowering = self.lowering(site);
        let end = lowering.range(body.syntax()).end();
        lowering.graph.enter(ScopeKind::Locals, end);
        lowering.parameters(it.param_list());
        lowering.own_temporaries(&body);
        let header = TextRange::new(keyword.text_range().start(), end_before(body.syntax()));
        let body = self.finish(lowering, site, BodyKind::Closure, None, header);
        self.found.push(body);
    }

    // --- macros ---------------------------------------------------------------------------

    fn macro_call(&mut self, it: &ast::MacroCall, site: &Rc<Site>, depth: u32) {
        let Some(tokens) = it.token_tree() else {
            return;
        };
        let name = macro_name(it);
        if matches!(name.as_str(), "quote" | "quote_spanned" | "parse_quote" | "macro_rules") {
            return;
        }
        if STREAMS.contains(&name.as_str()) {
            return self.stream(it, &tokens, site, depth);
        }
        let has_async = tokens.syntax().descendants_with_tokens().any(|it| {
            it.kind() == T![async] || it.as_token().is_some_and(|it| STREAMS.contains(&it.text()))
        });
        if !has_async {
            return;
        }
        match it.syntax().parent().map(|parent| parent.kind()) {
            Some(SyntaxKind::SOURCE_FILE | SyntaxKind::ITEM_LIST) => {
                self.parsed(&tokens, site, depth, "", "");
            }
            Some(SyntaxKind::ASSOC_ITEM_LIST) => {
                self.parsed(&tokens, site, depth, "impl X{", "}");
            }
            _ if self.parsed(&tokens, site, depth, "fn f(){f(", ")}") => {}
            _ if self.parsed(&tokens, site, depth, "fn f(){", "}") => {}
            _ => self.async_groups(tokens.syntax(), site, depth),
        }
    }

    /// `stream! { .. }`: its block is a coroutine, `yield` awaits.
    fn stream(
        &mut self,
        it: &ast::MacroCall,
        tokens: &ast::TokenTree,
        site: &Rc<Site>,
        depth: u32,
    ) {
        let Some((tree, shift)) = self.parse_inside(tokens, site.shift, "fn f(){async", "}") else {
            return;
        };
        if let Some(block) = tree
            .descendants()
            .filter_map(ast::BlockExpr::cast)
            .find(|it| it.async_token().is_some())
        {
            let inner =
                Rc::new(Site { node: block.syntax().clone(), shift, outer: Some(site.clone()) });
            let mut lowering = self.lowering(&inner);
            lowering.body_block(&block);
            let path =
                it.path().map_or(it.syntax().text_range(), |path| path.syntax().text_range());
            let body = self.finish(lowering, site, BodyKind::Block, None, path);
            self.found.push(body);
            if let Some(list) = block.stmt_list() {
                self.walk(list.syntax(), shift, Some(site), depth);
            }
        }
    }

    /// Parses a macro's tokens within some text and looks inside; false when they do not parse.
    fn parsed(
        &mut self,
        tokens: &ast::TokenTree,
        site: &Rc<Site>,
        depth: u32,
        before: &str,
        after: &str,
    ) -> bool {
        let Some((tree, shift)) = self.parse_inside(tokens, site.shift, before, after) else {
            return false;
        };
        self.walk(&tree, shift, Some(site), depth);
        true
    }

    fn parse_inside(
        &self,
        tokens: &ast::TokenTree,
        shift: i64,
        before: &str,
        after: &str,
    ) -> Option<(SyntaxNode, i64)> {
        let text = tokens.syntax().text().to_string().replace("for await ", FOR_AWAIT);
        // `async` needs the braces, everything else has its own.
        let keep_braces = before.ends_with("async");
        let inside = if keep_braces {
            text.clone()
        } else {
            text.get(1..text.len().checked_sub(1)?)?.to_owned()
        };
        let start =
            i64::from(u32::from(tokens.syntax().text_range().start())) + i64::from(!keep_braces);
        self.parse_text(&inside, start + shift, before, after)
    }

    fn parse_text(
        &self,
        inside: &str,
        start: i64,
        before: &str,
        after: &str,
    ) -> Option<(SyntaxNode, i64)> {
        if super::too_deep(inside) {
            return None;
        }
        let parse = SourceFile::parse(&format!("{before}{inside}{after}"), self.edition);
        parse.errors().is_empty().then(|| (parse.syntax_node(), start - before.len() as i64))
    }

    /// Tokens that do not parse as a whole: the `async { .. }` in them may.
    fn async_groups(&mut self, tokens: &SyntaxNode, site: &Rc<Site>, depth: u32) {
        for token in tokens.descendants_with_tokens().filter_map(NodeOrToken::into_token) {
            if token.kind() != T![async] {
                continue;
            }
            let mut next = token.next_sibling_or_token();
            while let Some(NodeOrToken::Token(word)) = &next {
                if !word.kind().is_trivia() && word.kind() != T![move] {
                    break;
                }
                next = word.next_sibling_or_token();
            }
            let Some(NodeOrToken::Node(group)) = next else {
                continue;
            };
            let range = token.text_range().cover(group.text_range());
            let Some(offset) = range.start().checked_sub(tokens.text_range().start()) else {
                continue;
            };
            let local = TextRange::at(offset, range.len());
            let text = tokens.text().to_string();
            let Some(text) = text.get(std::ops::Range::<usize>::from(local)) else {
                continue;
            };
            let start = i64::from(u32::from(range.start())) + site.shift;
            // An async group inside this one is found with it.
            let nested = token.parent_ancestors().any(|it| is_async_group(&it));
            if let (false, Some((tree, shift))) =
                (nested, self.parse_text(text, start, "fn f(){let _=", ";}"))
            {
                self.walk(&tree, shift, Some(site), depth);
            }
        }
    }

    // --- results --------------------------------------------------------------------------

    fn lowering(&self, site: &Site) -> Lowering<'_> {
        let offsets = await_offsets(&site.node, site.shift, &self.in_file.awaiting_macros);
        Lowering::new(self.edition, self.facts, site.shift, self.in_file, offsets)
    }

    fn finish(
        &self,
        lowering: Lowering<'_>,
        site: &Rc<Site>,
        kind: BodyKind,
        name: Option<SmolStr>,
        header: TextRange,
    ) -> AsyncBody {
        let (graph, free) = lowering.finish();
        let (awaits, mut crossings) = crossings(&graph);
        if kind != BodyKind::Fn {
            crossings.extend(free.iter().filter_map(|name| {
                let range = outer_binding(site, name)?;
                let awaits = (0..awaits.len()).collect();
                Some(Crossing {
                    name: Some(name.to_string()),
                    origin: Origin::Capture,
                    range,
                    awaits,
                    held_from_start: true,
                })
            }));
        }
        crossings.sort_by_key(|it| (it.range.start(), it.range.end()));
        AsyncBody {
            kind,
            name: name.map(|name| name.to_string()),
            range: shifted(site.node.text_range(), site.shift),
            header: shifted(header, site.shift),
            awaits,
            crossings,
        }
    }
}

/// The end of the last token before a node, white space left out.
fn end_before(node: &SyntaxNode) -> TextSize {
    let mut token = node.first_token().and_then(|token| token.prev_token());
    while let Some(it) = &token {
        if !it.kind().is_trivia() {
            return it.text_range().end();
        }
        token = it.prev_token();
    }
    node.text_range().start()
}

fn is_async_group(group: &SyntaxNode) -> bool {
    let mut before = group.prev_sibling_or_token();
    while let Some(NodeOrToken::Token(word)) = &before {
        if word.kind() == T![async] {
            return true;
        }
        if !word.kind().is_trivia() && word.kind() != T![move] {
            return false;
        }
        before = word.prev_sibling_or_token();
    }
    false
}
