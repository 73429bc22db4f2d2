//! Writes a guarded branch in two parts.

use ra_ap_syntax::{AstNode, TextRange, TextSize, ast};

use super::{
    Guarded,
    arms::{diverges, inside},
};
use crate::problem::Edit;

/// What the first part hands to the second.
pub(super) struct Handed {
    /// The variables of the second part.
    pub(super) patterns: Vec<String>,
    /// What they are in the first.
    pub(super) values: Vec<String>,
    /// What the second part reads by another name now.
    pub(super) replaced: Vec<(TextRange, String)>,
    /// The variable between the two.
    pub(super) carrier: String,
}

/// How the first part says which way the branch went.
enum Shape {
    /// Every other arm leaves: there is one way only.
    Direct,
    /// Without a value: `true` goes on.
    Flag,
    /// Without a value: `Some(..)` goes on with that.
    Option,
    /// The other arms have a value, `Some` of it; `None` goes on.
    Value,
    /// `Ok(..)` goes on, `Err(..)` is the other arms' value.
    Either,
}

impl Shape {
    /// What the awaiting arm ends in.
    fn ours(&self, value: &str, is_empty: bool) -> String {
        match self {
            Self::Direct if is_empty => String::new(),
            Self::Direct => value.to_owned(),
            Self::Flag => "true".to_owned(),
            Self::Option => format!("Some({value})"),
            Self::Value => "None".to_owned(),
            Self::Either => format!("Ok({value})"),
        }
    }

    /// What goes around the value of another arm; `None` where it has none.
    fn wrap(&self) -> Option<&'static str> {
        match self {
            Self::Value => Some("Some"),
            Self::Either => Some("Err"),
            Self::Direct | Self::Flag | Self::Option => None,
        }
    }

    /// What another arm without a value ends in.
    fn theirs(&self) -> &'static str {
        match self {
            Self::Flag => "false",
            Self::Option => "None",
            Self::Value => "Some(())",
            Self::Either => "Err(())",
            Self::Direct => "",
        }
    }
}

/// The edit that writes it.
pub(super) fn render(guarded: &Guarded<'_>, handed: &Handed) -> Option<Vec<Edit>> {
    let writer = Writer::new(guarded, handed)?;
    let mut text = writer.first()?;
    text.push_str(&writer.second()?);
    let mut edits = vec![guarded.context.edit(guarded.range(), text)];
    let is_drop = |it: &&ra_ap_syntax::SyntaxNode| super::is_drop_of(it, guarded.held);
    let drops = guarded.behind.iter().filter(is_drop);
    edits
        .extend(drops.map(|it| guarded.context.edit(guarded.context.line_of(it.text_range()), "")));
    Some(edits)
}

struct Writer<'a> {
    guarded: &'a Guarded<'a>,
    handed: &'a Handed,
    shape: Shape,
    /// A line break with the indentation of the branch.
    line: String,
    step: &'static str,
}

impl<'a> Writer<'a> {
    fn new(guarded: &'a Guarded<'a>, handed: &'a Handed) -> Option<Self> {
        let arms = &guarded.arms;
        let is_empty = handed.values.is_empty();
        let leaves = !arms.is_open && arms.others.iter().all(diverges);
        let shape = match (leaves, arms.is_unit, is_empty) {
            (true, ..) => Shape::Direct,
            (false, true, true) => Shape::Flag,
            (false, true, false) => Shape::Option,
            (false, false, true) => Shape::Value,
            (false, false, false) => Shape::Either,
        };
        let context = guarded.context;
        let indent = context.indent_at(guarded.declared.text_range().start());
        let line = format!("{}{indent}", context.newline());
        Some(Self { guarded, handed, shape, line, step: context.indent_step() })
    }

    fn slice(&self, range: TextRange) -> Option<&'a str> {
        self.guarded.context.text.get(std::ops::Range::<usize>::from(range))
    }

    /// The text of a range with some parts replaced.
    fn spliced(&self, range: TextRange, parts: &[(TextRange, String)]) -> Option<String> {
        let mut parts: Vec<_> = parts.iter().filter(|it| range.contains_range(it.0)).collect();
        parts.sort_by_key(|it| (it.0.start(), it.0.end()));
        let (mut text, mut at) = (String::new(), range.start());
        for (part, new) in parts {
            text.push_str(self.slice(TextRange::new(at, part.start()))?);
            text.push_str(new);
            at = part.end();
        }
        text.push_str(self.slice(TextRange::new(at, range.end()))?);
        Some(text)
    }

    /// The guard and the branch in a block.
    fn first(&self) -> Option<String> {
        let arms = &self.guarded.arms;
        let mut parts = vec![self.awaiting_arm()?];
        for other in &arms.others {
            parts.extend(self.other_arm(other)?);
        }
        let end = arms.node.syntax().text_range().end();
        if arms.is_open {
            let inner = format!("{}{}", self.line, self.step);
            let theirs = self.shape.theirs();
            let text = format!(" else {{{inner}{theirs}{}}}", self.line);
            parts.push((TextRange::empty(end), text));
        }
        // The statement's own beginning (`let x = `) goes to the second part.
        let head = TextRange::new(
            self.guarded.stmt.text_range().start(),
            arms.node.syntax().text_range().start(),
        );
        parts.push((head, String::new()));
        let start = self.guarded.declared.text_range().start();
        let code = self.spliced(TextRange::new(start, end), &parts)?;
        let code = code.replace(&self.line, &format!("{}{}", self.line, self.step));
        let pattern = match (&self.shape, self.handed.patterns.as_slice()) {
            (Shape::Direct, []) => String::new(),
            (Shape::Direct, patterns) => format!("let {} = ", tuple(patterns)),
            _ => format!("let {} = ", self.handed.carrier),
        };
        let close = if pattern.is_empty() { "}" } else { "};" };
        Some(format!("{pattern}{{{}{}{code}{}{close}", self.line, self.step, self.line))
    }

    /// The awaiting arm up to its first await.
    fn awaiting_arm(&self) -> Option<(TextRange, String)> {
        let arms = &self.guarded.arms;
        let value = tuple(&self.handed.values);
        let ours = self.shape.ours(&value, self.handed.values.is_empty());
        let body = &arms.awaiting;
        let range = body.syntax().text_range();
        let ast::Expr::BlockExpr(block) = body else {
            let ours = if ours.is_empty() { "{}".to_owned() } else { ours };
            return Some((range, ours));
        };
        let inside = inside(block)?;
        let front = arms.front();
        let outer = self.line_at(range.start());
        let inner = self.inner_line(inside, &outer);
        let Some(last) = front.last() else {
            let text = match arms.is_match {
                true if ours.is_empty() => "{}".to_owned(),
                true => format!("{ours}{}", self.comma_behind(range)),
                false => format!("{{{inner}{ours}{outer}}}"),
            };
            return Some((range, text));
        };
        let kept = TextRange::new(inside.start(), self.end_of_line(last.text_range().end()));
        let ours = if ours.is_empty() { ours } else { format!("{inner}{ours}") };
        Some((range, format!("{{{}{ours}{outer}}}", self.slice(kept)?)))
    }

    /// A comma where a block needed none.
    fn comma_behind(&self, range: TextRange) -> &'static str {
        let rest = self.guarded.context.text.get(usize::from(range.end())..).unwrap_or_default();
        if rest.trim_start().starts_with(',') { "" } else { "," }
    }

    fn other_arm(&self, body: &ast::Expr) -> Option<Vec<(TextRange, String)>> {
        if diverges(body) || matches!(self.shape, Shape::Direct) {
            return Some(Vec::new());
        }
        let theirs = self.shape.theirs();
        let range = body.syntax().text_range();
        let ends = |text: String| Some(vec![(TextRange::empty(range.start()), text)]);
        let ast::Expr::BlockExpr(block) = body else {
            if body.syntax().text() == "()" {
                return Some(vec![(range, theirs.to_owned())]);
            }
            return match self.shape.wrap() {
                Some(wrap) => Some(vec![
                    (TextRange::empty(range.start()), format!("{wrap}(")),
                    (TextRange::empty(range.end()), ")".to_owned()),
                ]),
                None => {
                    let outer = self.line_at(range.start());
                    let inner = format!("{outer}{}", self.step);
                    let mut parts = ends(format!("{{{inner}"))?;
                    parts.push((
                        TextRange::empty(range.end()),
                        format!(";{inner}{theirs}{outer}}}"),
                    ));
                    Some(parts)
                }
            };
        };
        let inside = inside(block)?;
        if self.slice(inside)?.trim().is_empty() {
            return Some(vec![(inside, format!(" {theirs} "))]);
        }
        let tail = block.tail_expr();
        if let (Some(tail), Some(wrap)) = (&tail, self.shape.wrap()) {
            let tail = tail.syntax().text_range();
            return Some(vec![
                (TextRange::empty(tail.start()), format!("{wrap}(")),
                (TextRange::empty(tail.end()), ")".to_owned()),
            ]);
        }
        let code = self.slice(inside)?;
        let end = inside.start() + TextSize::of(code.trim_end());
        let semicolon = if tail.is_some() { ";" } else { "" };
        let space = match code.contains('\n') {
            true => self.inner_line(inside, &self.line_at(range.start())),
            false => " ".to_owned(),
        };
        Some(vec![(TextRange::empty(end), format!("{semicolon}{space}{theirs}"))])
    }

    /// The rest of the awaiting arm.
    fn second(&self) -> Option<String> {
        let arms = &self.guarded.arms;
        let stmt = self.guarded.stmt.text_range();
        let node = arms.node.syntax().text_range();
        let prefix = self.slice(TextRange::new(stmt.start(), node.start()))?;
        let suffix = self.slice(TextRange::new(node.end(), stmt.end()))?;
        let carrier = &self.handed.carrier;
        let pattern = tuple(&self.handed.patterns);
        let (one, two) = (
            format!("{}{}", self.line, self.step),
            format!("{}{}{}", self.line, self.step, self.step),
        );
        let line = &self.line;
        let taken = if *carrier == "value" { "other" } else { "value" };
        Some(match &self.shape {
            Shape::Direct if prefix.is_empty() && self.may_stand_free() => {
                format!("{line}{}{suffix}", self.rest(line)?)
            }
            Shape::Direct => format!("{line}{prefix}{{{one}{}{line}}}{suffix}", self.rest(&one)?),
            Shape::Flag => format!("{line}if {carrier} {{{one}{}{line}}}", self.rest(&one)?),
            Shape::Option => {
                format!(
                    "{line}if let Some({pattern}) = {carrier} {{{one}{}{line}}}",
                    self.rest(&one)?
                )
            }
            Shape::Value => format!(
                "{line}{prefix}match {carrier} {{{one}Some({taken}) => {taken},{one}None => {{{two}{}{one}}}{line}}}{suffix}",
                self.rest(&two)?
            ),
            Shape::Either => format!(
                "{line}{prefix}match {carrier} {{{one}Ok({pattern}) => {{{two}{}{one}}}{one}Err({taken}) => {taken},{line}}}{suffix}",
                self.rest(&two)?
            ),
        })
    }

    /// Whether the rest needs no block of its own: it declares nothing that code behind it, or a
    /// value that is dropped before that, could notice.
    fn may_stand_free(&self) -> bool {
        let declares = |it: &ra_ap_syntax::SyntaxNode| ast::LetStmt::can_cast(it.kind());
        self.guarded.behind.is_empty() || !self.guarded.arms.rest().iter().any(declares)
    }

    /// The awaiting code, its lines starting with `line`.
    fn rest(&self, line: &str) -> Option<String> {
        let arms = &self.guarded.arms;
        let rest = arms.rest();
        let (first, last) = (rest.first()?.text_range(), rest.last()?.text_range());
        let start = match (&arms.awaiting, arms.front().last()) {
            (_, Some(before)) => self.end_of_line(before.text_range().end()),
            (ast::Expr::BlockExpr(block), None) => inside(block)?.start(),
            _ => first.start(),
        };
        let end = match &arms.awaiting {
            ast::Expr::BlockExpr(block) => inside(block)?.end(),
            _ => last.end(),
        };
        let own = self.line_at(first.start());
        let code = self.spliced(TextRange::new(start, end), &self.handed.replaced)?;
        let code = code.trim().replace(&own, line);
        // The last expression of an arm without a value is a statement where others follow.
        let is_tail = !code.ends_with([';', '}']) && arms.is_unit;
        Some(if is_tail { format!("{code};") } else { code })
    }

    /// A comment at the end of a line belongs to that line.
    fn end_of_line(&self, end: TextSize) -> TextSize {
        let rest = self.guarded.context.text.get(usize::from(end)..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default().trim_end();
        if line.trim_start().starts_with("//") { end + TextSize::of(line) } else { end }
    }

    fn line_at(&self, offset: TextSize) -> String {
        let context = self.guarded.context;
        format!("{}{}", context.newline(), context.indent_at(offset))
    }

    /// A line break with the indentation of what a block contains.
    fn inner_line(&self, inside: TextRange, outer: &str) -> String {
        let code = self.slice(inside).unwrap_or_default();
        let first = code.find(|c: char| !c.is_whitespace()).unwrap_or_default();
        let own = self.line_at(inside.start() + TextSize::try_from(first).unwrap_or_default());
        if code.contains('\n') { own } else { format!("{outer}{}", self.step) }
    }
}

fn tuple(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        many => format!("({})", many.join(", ")),
    }
}
