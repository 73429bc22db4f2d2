//! The statements from a variable's declaration to its last use before an await: what can go
//! into a block, and what must come out of it.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, TextSize,
    ast::{self, HasArgList, HasName},
};

use super::{
    FixContext,
    context::{has_ident, mentions},
    indent::indent,
};
use crate::problem::Edit;

/// Neighbouring statements of one block.
#[derive(Clone)]
pub(super) struct Region {
    /// From the declaration on. An explicit `drop` of the value at their end is left out.
    pub(super) inside: Vec<SyntaxNode>,
    /// The statements between them and the one that awaits.
    between: Vec<SyntaxNode>,
    /// The statement that awaits, and all after it.
    pub(super) after: Vec<SyntaxNode>,
    /// That `drop`: the block's end does its work.
    pub(super) dropped: Option<TextRange>,
    /// Statements inside that need not go into a block: they stay in front of it.
    lifted: Vec<ast::LetStmt>,
    later_uses: Vec<SyntaxNode>,
}

impl Region {
    /// The region of the problem's variable; `None` when it is no local of a `let` or when the
    /// statement that declares it awaits as well.
    pub(super) fn find(context: &FixContext<'_>, name: &str) -> Option<Self> {
        let stmt = context.let_stmt()?;
        let nodes: Vec<SyntaxNode> =
            stmt.syntax().parent()?.children().filter(is_stmt_or_tail).collect();
        let first = nodes.iter().position(|node| node == stmt.syntax())?;
        let awaits = context.awaits();
        let crosses = |node: &SyntaxNode| {
            let range = node.text_range();
            awaits.iter().any(|it| range.contains_range(*it))
        };
        let awaiting = nodes.iter().skip(first).position(crosses)? + first;
        if awaiting == first {
            return None;
        }
        let shadow = shadowed_from(&nodes, first, name);
        let last = (first + 1..awaiting.min(shadow))
            .rev()
            .find(|at| nodes.get(*at).is_some_and(|it| mentions(it, name)))
            .unwrap_or(first);
        let later = nodes.get(awaiting..shadow).unwrap_or_default().iter();
        let later_uses = later.filter(|it| reads(it, name)).cloned().collect();
        let mut region = Self {
            inside: nodes.get(first..=last)?.to_vec(),
            between: nodes.get(last + 1..awaiting)?.to_vec(),
            after: nodes.get(awaiting..)?.to_vec(),
            dropped: None,
            lifted: Vec::new(),
            later_uses,
        };
        region.leave_out_drop(name);
        Some(region)
    }

    /// Statements from the first await on that use the variable itself.
    pub(super) fn later_uses(&self) -> &[SyntaxNode] {
        &self.later_uses
    }

    /// Every statement behind the region.
    pub(super) fn later(&self) -> impl Iterator<Item = &SyntaxNode> {
        self.between.iter().chain(&self.after)
    }

    /// The region grown until no variable that only the statements between need comes out.
    pub(super) fn grown(&self, held: &str) -> Self {
        let mut grown = self.clone();
        loop {
            let names: Vec<String> = grown.escaping(held).iter().filter_map(name_of).collect();
            let needs = |it: &SyntaxNode| names.iter().any(|name| mentions(it, name));
            let Some(last) = grown.between.iter().rposition(needs) else {
                return grown;
            };
            let rest = grown.between.split_off(last + 1);
            grown.inside.append(&mut grown.between);
            grown.between = rest;
            grown.dropped = None;
        }
    }

    /// The region without empty collections and the like that only what follows fills.
    pub(super) fn lifted(&self, held: &str) -> Self {
        let outgoing: Vec<SyntaxNode> = self
            .escaping(held)
            .iter()
            .filter_map(|it| it.syntax().parent().filter(|it| ast::LetStmt::can_cast(it.kind())))
            .collect();
        let middle = self.inside.len().saturating_sub(1);
        let middle = self.inside.get(1..middle.max(1)).unwrap_or_default();
        let may_stay = middle.iter().filter(|it| outgoing.contains(it) && !has_comment(it));
        let may_stay = may_stay.filter_map(|it| ast::LetStmt::cast(it.clone()));
        let is_unused = |stmt: &ast::LetStmt| {
            let Some(ast::Pat::IdentPat(binding)) = stmt.pat() else { return false };
            let others = self.inside.iter().filter(|it| *it != stmt.syntax());
            name_of(&binding).is_some_and(|name| !others.into_iter().any(|it| has_ident(it, &name)))
        };
        let lifted = may_stay.filter(|it| makes_nothing(it) && is_unused(it)).collect();
        Self { lifted, ..self.clone() }
    }

    /// The region with every statement before the one that awaits.
    pub(super) fn up_to_await(&self) -> Self {
        let mut whole = self.clone();
        whole.inside.append(&mut whole.between);
        whole
    }

    /// Whether statements inside stay in front of the block.
    pub(super) fn has_lifted(&self) -> bool {
        !self.lifted.is_empty()
    }

    /// Whether some statement goes in besides the declaration.
    pub(super) fn uses_value(&self) -> bool {
        self.inside.len() > 1
    }

    /// Items cannot be seen from outside of their block.
    pub(super) fn hides_item(&self) -> bool {
        let names = self.inside.iter().filter_map(|node| ast::Item::cast(node.clone()));
        let mut names = names.flat_map(|it| {
            let names = it.syntax().descendants().filter_map(ast::Name::cast);
            names.map(|it| it.text().to_string()).collect::<Vec<_>>()
        });
        names.any(|name| {
            let mut later = self.between.iter().chain(&self.after);
            later.any(|it| has_ident(it, &name))
        })
    }

    pub(super) fn range(&self) -> Option<TextRange> {
        let (first, last) = (self.inside.first()?, self.inside.last()?);
        Some(first.text_range().cover(last.text_range()))
    }

    /// Variables declared inside that later statements mention. Of two with one name the later
    /// counts; the enclosed value itself never does.
    pub(super) fn escaping(&self, held: &str) -> Vec<ast::IdentPat> {
        let declared = self.inside.iter().filter_map(|node| ast::LetStmt::cast(node.clone()));
        let declared = declared.filter(|it| !self.lifted.contains(it));
        let mut escaping: Vec<ast::IdentPat> = Vec::new();
        for (at, stmt) in declared.enumerate() {
            let Some(pattern) = stmt.pat() else { continue };
            for binding in pattern.syntax().descendants().filter_map(ast::IdentPat::cast) {
                let Some(name) = name_of(&binding) else {
                    continue;
                };
                let is_value = at == 0 && name == held;
                let mut later = self.between.iter().chain(&self.after);
                if !is_value && later.any(|node| mentions(node, &name)) {
                    escaping.retain(|known| name_of(known).as_ref() != Some(&name));
                    escaping.push(binding);
                }
            }
        }
        escaping
    }

    fn leave_out_drop(&mut self, name: &str) {
        let [.., before, last] = self.inside.as_slice() else {
            return;
        };
        if !is_drop_of(last, name) {
            return;
        }
        self.dropped = Some(TextRange::new(gap_start(before, last), last.text_range().end()));
        self.inside.pop();
    }
}

/// Comments between stay: only the white space before the `drop` goes with it.
fn gap_start(before: &SyntaxNode, last: &SyntaxNode) -> TextSize {
    let space = last.first_token().and_then(|it| it.prev_token());
    match space.filter(|it| it.kind() == SyntaxKind::WHITESPACE) {
        Some(space) => space.text_range().start(),
        None => before.text_range().end().max(last.text_range().start()),
    }
}

/// The name that a pattern binds.
pub(super) fn name_of(binding: &ast::IdentPat) -> Option<String> {
    let name = binding.name()?.text().to_string();
    // A unit variant or a constant reads as a binding.
    (!name.starts_with(char::is_uppercase)).then_some(name)
}

/// A comment in front of a statement, or behind it on its line.
fn has_comment(stmt: &SyntaxNode) -> bool {
    let is_comment =
        |it: Option<SyntaxToken>| it.is_some_and(|it| it.kind() == SyntaxKind::COMMENT);
    let around = |token: Option<SyntaxToken>, step: fn(&SyntaxToken) -> Option<SyntaxToken>| {
        let space = token.as_ref().and_then(step);
        is_comment(space.clone()) || is_comment(space.as_ref().and_then(step))
    };
    around(stmt.first_token(), SyntaxToken::prev_token)
        || around(stmt.last_token(), SyntaxToken::next_token)
}

/// `let x = Vec::new();`: it does not matter when.
fn makes_nothing(stmt: &ast::LetStmt) -> bool {
    const EMPTY: &[&str] =
        &["Vec", "VecDeque", "String", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "BinaryHeap"];
    match stmt.initializer() {
        Some(ast::Expr::MacroExpr(it)) => it.syntax().text() == "vec![]",
        Some(ast::Expr::CallExpr(it)) => {
            let text = it.syntax().text().to_string();
            let made = text.strip_suffix("::new()").and_then(|it| it.split('<').next());
            let last = made.map(|it| it.trim_end_matches(':').rsplit("::").next());
            last.flatten().is_some_and(|it| EMPTY.contains(&it))
        }
        _ => false,
    }
}

/// `drop(NAME);`
pub(super) fn is_drop_of(node: &SyntaxNode, name: &str) -> bool {
    let call = ast::ExprStmt::cast(node.clone()).and_then(|it| it.expr());
    let Some(ast::Expr::CallExpr(call)) = call else {
        return false;
    };
    let callee = call.expr().map(|it| it.syntax().text().to_string());
    let is_drop = callee.is_some_and(|it| it.rsplit("::").next() == Some("drop"));
    let argument = call.arg_list().and_then(|it| it.args().next());
    is_drop && argument.is_some_and(|it| it.syntax().text() == name)
}

/// The index of the first statement after `first` that declares the name anew.
fn shadowed_from(nodes: &[SyntaxNode], first: usize, name: &str) -> usize {
    let later = nodes.iter().enumerate().skip(first + 1);
    let mut shadows = later.filter(|(_, node)| rebinds(node, name));
    shadows.next().map_or(nodes.len(), |(at, node)| {
        // A statement that reads the old one while it shadows is a use.
        if reads(node, name) { at + 1 } else { at }
    })
}

fn rebinds(node: &SyntaxNode, name: &str) -> bool {
    let pattern = ast::LetStmt::cast(node.clone()).and_then(|it| it.pat());
    pattern.is_some_and(|it| {
        let mut bindings = it.syntax().descendants().filter_map(ast::IdentPat::cast);
        bindings.any(|it| name_of(&it).as_deref() == Some(name))
    })
}

/// Whether a statement uses a variable, and does not only declare another of its name.
fn reads(node: &SyntaxNode, name: &str) -> bool {
    let Some(stmt) = ast::LetStmt::cast(node.clone()) else {
        return mentions(node, name);
    };
    let value = stmt.initializer().map(|it| it.syntax().clone());
    let otherwise = stmt.let_else().map(|it| it.syntax().clone());
    [value, otherwise].iter().flatten().any(|it| mentions(it, name))
}

/// Statements and the tail expression, which is a bare expression node in the list.
pub(super) fn is_stmt_or_tail(node: &SyntaxNode) -> bool {
    ast::Stmt::can_cast(node.kind()) || ast::Expr::can_cast(node.kind())
}

/// Writes a block around a region.
pub(super) struct Block<'a> {
    context: &'a FixContext<'a>,
    range: TextRange,
    separator: String,
    is_inline: bool,
    lifted: Vec<ast::LetStmt>,
}

impl<'a> Block<'a> {
    pub(super) fn new(context: &'a FixContext<'a>, region: &Region) -> Option<Self> {
        let range = region.range()?;
        let code = context.text.get(std::ops::Range::<usize>::from(range))?;
        let is_inline = !code.contains('\n') && !context.starts_line(range.start());
        let separator = match is_inline {
            true => " ".to_owned(),
            false => format!("{}{}", context.newline(), context.indent_at(range.start())),
        };
        Some(Self { context, range, separator, is_inline, lifted: region.lifted.clone() })
    }

    /// `HEAD {` in front, and the lines inside moved to the right.
    pub(super) fn open(&self, head: &str) -> Vec<Edit> {
        let (at, inner) = (self.range.start(), self.inner());
        let line = |it: &ast::LetStmt| format!("{}{}", it.syntax().text(), self.separator);
        let lifted: String = self.lifted.iter().map(line).collect();
        let mut edits = vec![self.context.insert(at, format!("{lifted}{head}{{{inner}"))];
        let gone = self.lifted.iter().map(|it| self.context.rest_of_line(it.syntax().text_range()));
        let gone: Vec<Edit> = gone.map(|it| self.context.edit(it, "")).collect();
        if !self.is_inline {
            // What moves up into the place of a statement that is gone is moved right there.
            let lines = indent(self.context, self.range).into_iter();
            let is_gone = |it: &Edit| {
                let at = it.span.start;
                gone.iter().any(|it| it.span.start < at && at <= it.span.end)
            };
            edits.extend(lines.filter(|it| !is_gone(it)));
        }
        edits.extend(gone);
        edits
    }

    /// The value of the block and its end, in place of the explicit drop if there was one.
    pub(super) fn close(&self, region: &Region, value: Option<&str>, end: &str) -> Vec<Edit> {
        let value = value.map(|it| format!("{}{it}", self.inner()));
        let text = format!("{}{}{end}", value.unwrap_or_default(), self.separator);
        let at = self.end_of_line(self.range.end());
        match region.dropped {
            Some(dropped) if dropped.start() <= at => {
                vec![self.context.edit(dropped, text)]
            }
            Some(dropped) => {
                vec![self.context.insert(at, text), self.context.edit(dropped, String::new())]
            }
            None => vec![self.context.insert(at, text)],
        }
    }

    /// The separator of the statements inside.
    fn inner(&self) -> String {
        match self.is_inline {
            true => " ".to_owned(),
            false => format!("{}{}", self.separator, self.context.indent_step()),
        }
    }

    /// A comment at the end of the last line belongs to that line.
    pub(super) fn end_of_line(&self, end: TextSize) -> TextSize {
        let token = self.context.tree.syntax().token_at_offset(end);
        let space = token.right_biased();
        let comment = match space {
            Some(it) if it.kind() == SyntaxKind::COMMENT => Some(it),
            Some(it) if is_blank_on_line(&it) => it.next_token(),
            _ => None,
        };
        let is_comment = |it: &SyntaxToken| it.kind() == SyntaxKind::COMMENT && !self.is_inline;
        let comment = comment.filter(is_comment);
        comment.map_or(end, |it| it.text_range().end())
    }
}

fn is_blank_on_line(token: &SyntaxToken) -> bool {
    token.kind() == SyntaxKind::WHITESPACE && !token.text().contains('\n')
}
