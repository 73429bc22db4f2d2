//! `select!`: all futures at once, then one handler.

use ra_ap_syntax::{
    AstNode, T,
    ast::{self, HasArgList},
};

use super::{
    Origin,
    graph::ScopeKind,
    lower::Lowering,
    macros::{Piece, Word, top_level},
    places::Place,
};

/// One branch of `select!`.
#[derive(Default)]
struct Branch {
    pattern: Option<Piece>,
    future: Option<Piece>,
    condition: Option<Piece>,
    handler: Piece,
}

impl Lowering<'_> {
    pub(super) fn select(&mut self, call: &ast::MacroCall, tokens: &ast::TokenTree) {
        let branches = branches(tokens, self.shift);
        let whole = self.range(call.syntax());
        // All futures are made, then awaited together, and gone before a handler runs.
        self.graph.enter(ScopeKind::Temporaries, whole.end());
        for branch in &branches {
            for piece in [&branch.condition, &branch.future].into_iter().flatten() {
                let parsed = self.with_parsed(piece, "fn f(){f(", ")}", |this, tree| {
                    let call = tree.descendants().find_map(ast::CallExpr::cast);
                    for arg in
                        call.and_then(|it| it.arg_list()).into_iter().flat_map(|it| it.args())
                    {
                        this.value(&arg);
                    }
                });
                if !parsed {
                    self.scan_tokens(tokens.syntax());
                }
            }
        }
        self.graph.leave();
        self.graph.await_point(whole);
        let (join, start) = (self.graph.new_block(), self.graph.current());
        for branch in &branches {
            let block = self.graph.new_block();
            self.graph.edge(start, block);
            self.graph.switch_to(block);
            self.graph.enter(ScopeKind::Locals, whole.end());
            self.handler(branch);
            self.graph.leave();
            self.graph.goto(join);
        }
        self.graph.switch_to(join);
    }

    fn handler(&mut self, branch: &Branch) {
        if let Some(pattern) = &branch.pattern {
            self.with_parsed(pattern, "fn f(){let ", "=x;}", |this, tree| {
                let statement = tree.descendants().find_map(ast::LetStmt::cast);
                let pat = statement.and_then(|statement| statement.pat());
                this.bind_option(pat, Place::default(), Origin::Local);
            });
        }
        self.with_parsed(&branch.handler, "fn f(){f(", ")}", |this, tree| {
            let call = tree.descendants().find_map(ast::CallExpr::cast);
            for arg in call.and_then(|it| it.arg_list()).into_iter().flat_map(|it| it.args()) {
                this.own_temporaries(&arg);
            }
        });
    }
}

/// Splits `pattern = future, if condition => handler, ..`.
fn branches(tokens: &ast::TokenTree, shift: i64) -> Vec<Branch> {
    let words = top_level(tokens);
    let file = tokens.syntax().text().to_string();
    let base = tokens.syntax().text_range().start();
    let piece = |words: &[Word]| -> Option<Piece> {
        let range = words.first()?.range.cover(words.last()?.range) - base;
        let text = file.get(std::ops::Range::<usize>::from(range))?.to_owned();
        Some(Piece { text, start: super::lower::shifted(range + base, shift).start() })
    };
    let mut rest = words.as_slice();
    if let [biased, semicolon, tail @ ..] = rest
        && biased.text == "biased"
        && semicolon.kind == T![;]
    {
        rest = tail;
    }
    let mut found = Vec::new();
    while let Some(arrow) = position_of_arrow(rest) {
        let Some((head, tail)) = rest.split_at_checked(arrow) else {
            break;
        };
        let tail = tail.get(2..).unwrap_or_default();
        let is_block = tail.first().is_some_and(|it| it.text.starts_with('{'));
        let comma = tail.iter().position(|it| it.kind == T![,]).unwrap_or(tail.len());
        let length = if is_block { 1 } else { comma };
        let (handler, tail) = tail.split_at_checked(length).unwrap_or((tail, &[]));
        let mut branch =
            Branch { handler: piece(handler).unwrap_or_default(), ..Branch::default() };
        if let Some(equals) = position_of_equals(head) {
            branch.pattern = piece(head.get(..equals).unwrap_or_default());
            let future = head.get(equals + 1..).unwrap_or_default();
            let split = future.iter().position(|it| it.kind == T![,]).unwrap_or(future.len());
            branch.future = piece(future.get(..split).unwrap_or_default());
            branch.condition = piece(future.get(split + 2..).unwrap_or_default());
        }
        found.push(branch);
        rest = match tail.first() {
            Some(comma) if comma.kind == T![,] => tail.get(1..).unwrap_or_default(),
            _ => tail,
        };
    }
    found
}

/// `=>` comes as two tokens.
fn position_of_arrow(words: &[Word]) -> Option<usize> {
    let is_arrow = |pair: &[Word]| match pair {
        [first, second] => {
            first.kind == T![=] && second.kind == T![>] && first.range.end() == second.range.start()
        }
        _ => false,
    };
    words.windows(2).position(is_arrow)
}

/// The `=` between pattern and future: not part of `==`, `..=`, `<=`.
fn position_of_equals(words: &[Word]) -> Option<usize> {
    (0..words.len()).find(|at| {
        let Some(word) = words.get(*at) else {
            return false;
        };
        let glued_before =
            at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|before| {
                before.range.end() == word.range.start()
                    && matches!(before.kind, T![.] | T![=] | T![<] | T![>] | T![!])
            });
        let glued_after = words.get(at + 1).is_some_and(|after| {
            word.range.end() == after.range.start() && matches!(after.kind, T![=] | T![>])
        });
        word.kind == T![=] && !glued_before && !glued_after
    })
}
