//! The `if let` or `match` arm that binds a guard, and how it is written in two.

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange, TextSize,
    ast::{self, HasName},
};

use crate::{
    fixes::{
        FixContext,
        context::{mentions, mentions_await},
        place::{Place, is_first_effect},
        region::is_stmt_or_tail,
    },
    problem::Edit,
};

/// A branch with the pattern that binds the guard.
pub(super) struct Branch {
    /// The whole `if` or `match`.
    pub(super) node: ast::Expr,
    /// The statement that it stands in.
    pub(super) place: SyntaxNode,
    /// What the branch runs.
    pub(super) stmts: Vec<SyntaxNode>,
    /// Where that begins.
    pub(super) start: TextSize,
    form: Form,
}

enum Form {
    If,
    /// The body of a match arm, with the only other arm.
    Arm {
        is_block: bool,
        other: ast::MatchArm,
        is_last: bool,
    },
}

/// What the first branch hands to the second.
pub(super) struct Out {
    pub(super) carrier: String,
    pub(super) pattern: Option<String>,
    pub(super) value: Option<String>,
}

impl Branch {
    pub(super) fn find(context: &FixContext<'_>, name: &str) -> Option<Self> {
        let binding = context.value_node().ancestors().find_map(ast::IdentPat::cast)?;
        binding.name().filter(|it| it.text() == name)?;
        let owner = binding.syntax().ancestors().find(|it| {
            ast::LetExpr::can_cast(it.kind())
                || ast::MatchArm::can_cast(it.kind())
                || ast::Stmt::can_cast(it.kind())
                || ast::ParamList::can_cast(it.kind())
        })?;
        let (node, body, form) = match ast::MatchArm::cast(owner.clone()) {
            Some(arm) => of_arm(&arm)?,
            None => of_if(&ast::LetExpr::cast(owner)?)?,
        };
        let Place::Before(place) = Place::of(node.syntax())? else {
            return None;
        };
        if !is_first_effect(&place, node.syntax()) {
            return None;
        }
        let list = ast::BlockExpr::cast(body.clone()).and_then(|it| it.stmt_list());
        let (stmts, start) = match &list {
            Some(list) => (
                list.syntax().children().filter(is_stmt_or_tail).collect(),
                list.l_curly_token()?.text_range().end(),
            ),
            None => (vec![body.clone()], body.text_range().start()),
        };
        Some(Self { node, place, stmts, start, form })
    }

    /// Whether the other branch uses a name.
    pub(super) fn others_mention(&self, name: &str) -> bool {
        match (&self.form, &self.node) {
            (Form::Arm { other, .. }, _) => mentions(other.syntax(), name),
            (Form::If, ast::Expr::IfExpr(it)) => {
                it.else_branch().is_some_and(|it| mentions(it.syntax(), name))
            }
            _ => false,
        }
    }

    /// Ends the branch at an offset and goes on in a second one.
    pub(super) fn split(
        &self,
        context: &FixContext<'_>,
        at: TextSize,
        out: &Out,
    ) -> Option<Vec<Edit>> {
        let start = self.node.syntax().text_range().start();
        let head = TextRange::new(self.place.text_range().start(), start);
        let prefix = context.text.get(std::ops::Range::<usize>::from(head))?;
        let mut edits = vec![context.edit(head, format!("let {} = ", out.carrier))];
        match &self.form {
            Form::If => edits.push(context.insert(at, self.second_if(context, prefix, out))),
            Form::Arm { is_block, other, is_last } => {
                let arms = Arms::new(context, other, out)?;
                let text = self.second_match(context, prefix, out, &arms, *is_block, *is_last);
                edits.push(context.insert(at, text));
                let replaced = if *is_last { &arms.second } else { &arms.first };
                edits.push(context.edit(other.syntax().text_range(), replaced.clone()));
            }
        }
        Some(edits)
    }

    fn second_if(&self, context: &FixContext<'_>, prefix: &str, out: &Out) -> String {
        let line = self.line(context);
        let step = context.indent_step();
        let (some, none) = match &out.value {
            Some(value) => (format!("Some({value})"), "None"),
            None => ("true".to_owned(), "false"),
        };
        let condition = match &out.pattern {
            Some(pattern) => format!("let Some({pattern}) = {}", out.carrier),
            None => out.carrier.clone(),
        };
        format!(
            "{line}{step}{some}{line}}} else {{{line}{step}{none}{line}}};\
             {line}{prefix}if {condition} {{"
        )
    }

    fn second_match(
        &self,
        context: &FixContext<'_>,
        prefix: &str,
        out: &Out,
        arms: &Arms,
        is_block: bool,
        is_last: bool,
    ) -> String {
        let line = self.line(context);
        let inner = format!("{line}{}", context.indent_step());
        let wrap = arms.ours;
        let value = out.value.as_deref().unwrap_or("()");
        let pattern = out.pattern.as_deref().unwrap_or("()");
        let mut text = match is_block {
            true => format!("{inner}{}{wrap}({value}){inner}}}", context.indent_step()),
            false => format!("{wrap}({value}),"),
        };
        if is_last {
            text.push_str(&format!("{inner}{}", arms.first));
        }
        text.push_str(&format!("{line}}};{line}{prefix}match {} {{{inner}", out.carrier));
        if !is_last {
            text.push_str(&format!("{}{inner}", arms.second));
        }
        let open = if is_block { "{" } else { "" };
        text.push_str(&format!("{wrap}({pattern}) => {open}"));
        text
    }

    /// A line break with the indentation of the statement.
    fn line(&self, context: &FixContext<'_>) -> String {
        let start = self.place.text_range().start();
        format!("{}{}", context.newline(), context.indent_at(start))
    }
}

/// The other arm, as the first and the second `match` have it.
struct Arms {
    ours: &'static str,
    first: String,
    second: String,
}

impl Arms {
    fn new(context: &FixContext<'_>, other: &ast::MatchArm, out: &Out) -> Option<Self> {
        let (pat, body) = (other.pat()?, other.expr()?);
        let range = std::ops::Range::<usize>::from(body.syntax().text_range());
        let code = context.text.get(range)?;
        let comma = if matches!(body, ast::Expr::BlockExpr(_)) { "" } else { "," };
        let mut bindings = pat.syntax().descendants().filter_map(ast::IdentPat::cast);
        let binds = bindings.any(|it| crate::fixes::region::name_of(&it).is_some());
        let pat = pat.syntax().text();
        if !binds {
            return Some(Self {
                ours: "Some",
                first: format!("{pat} => None,"),
                second: format!("None => {code}{comma}"),
            });
        }
        let leaves = matches!(
            body,
            ast::Expr::ReturnExpr(_) | ast::Expr::BreakExpr(_) | ast::Expr::ContinueExpr(_)
        );
        if leaves || mentions_await(body.syntax()) {
            return None;
        }
        let value = if out.carrier == "value" { "other" } else { "value" };
        Some(Self {
            ours: "Ok",
            first: format!("{pat} => Err({code}),"),
            second: format!("Err({value}) => {value},"),
        })
    }
}

type Found = (ast::Expr, SyntaxNode, Form);

/// The only condition of an `if`.
fn of_if(let_: &ast::LetExpr) -> Option<Found> {
    let if_ = ast::IfExpr::cast(let_.syntax().parent()?)?;
    let body = if_.then_branch()?.syntax().clone();
    Some((ast::Expr::IfExpr(if_), body, Form::If))
}

/// One of two arms without a guard.
fn of_arm(arm: &ast::MatchArm) -> Option<Found> {
    let list = arm.syntax().parent().and_then(ast::MatchArmList::cast)?;
    let node = ast::MatchExpr::cast(list.syntax().parent()?)?;
    let arms: Vec<ast::MatchArm> = list.arms().collect();
    let [first, second] = arms.as_slice() else {
        return None;
    };
    if arms.iter().any(|it| it.guard().is_some()) {
        return None;
    }
    let is_last = first == arm;
    let other = if is_last { second } else { first };
    let body = arm.expr()?;
    let is_block = matches!(&body, ast::Expr::BlockExpr(it) if it.modifier().is_none());
    let form = Form::Arm { is_block, other: other.clone(), is_last };
    Some((ast::Expr::MatchExpr(node), body.syntax().clone(), form))
}
