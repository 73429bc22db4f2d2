//! Macro calls: their tokens are parsed as what they expand to, as far as their name tells.

use ra_ap_syntax::{
    AstNode, NodeOrToken, SourceFile, SyntaxKind, T, TextRange, TextSize,
    ast::{self, HasArgList},
};

use super::{
    Origin,
    graph::{Action, ScopeKind},
    lower::Lowering,
    types::ValueFacts,
};

/// Macros that await inside: the call itself is the await point.
pub(super) const AWAITING: &[&str] =
    &["select", "select_biased", "join", "try_join", "join_biased", "try_join_biased"];

/// Macros whose block is the body of a coroutine of its own.
pub(super) const STREAMS: &[&str] = &["stream", "try_stream"];

/// How a macro takes its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    ByValue,
    ByReference,
    /// It may take them any way: a reference is hardly borrowed itself.
    Unknown,
    /// The first is the receiver of a method, the others are borrowed.
    ByMethod,
}

/// A part of a macro's tokens: its text and where it starts in the file.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) start: TextSize,
}

impl Lowering<'_> {
    /// A macro call as a statement.
    pub(super) fn macro_statement(&mut self, call: &ast::MacroCall) {
        if matches!(macro_name(call).as_str(), "pin" | "pin_mut") && self.pin_variables(call) {
            return;
        }
        let end = self.range(call.syntax()).end();
        self.graph.enter(ScopeKind::Temporaries, end);
        self.macro_call(call);
        self.graph.leave();
    }

    pub(super) fn macro_call(&mut self, call: &ast::MacroCall) {
        if self.expand(call) {
            return;
        }
        let Some(tokens) = call.token_tree() else {
            return;
        };
        let Some(content) = self.content(&tokens) else {
            return;
        };
        let name = macro_name(call);
        match name.as_str() {
            "select" | "select_biased" => self.select(call, &tokens),
            _ if AWAITING.contains(&name.as_str()) => self.join(call, &tokens, &content),
            _ if STREAMS.contains(&name.as_str()) => self.captures(tokens.syntax(), true),
            "matches" => self.matches(&tokens, &content),
            "vec" | "dbg" | "pin" | "ready" | "Ok" | "Some" => {
                if !self.arguments(&content, Taken::ByValue) {
                    self.scan_tokens(tokens.syntax());
                }
            }
            _ => self.other_macro(&name, &tokens, &content),
        }
        if self.in_file.awaiting_macros.contains(name.as_str()) {
            let range = self.range(call.syntax());
            self.graph.await_point(range);
        }
        if matches!(name.as_str(), "panic" | "unreachable" | "todo" | "unimplemented" | "bail") {
            self.graph.diverge();
        }
    }

    /// Formatting, logging, assertions and whatever is not known: arguments are borrowed.
    fn other_macro(&mut self, name: &str, tokens: &ast::TokenTree, content: &Piece) {
        let asserts = matches!(name, "assert" | "debug_assert");
        if is_simple(tokens) && !asserts {
            return self.scan(tokens.syntax(), formats(name));
        }
        let end = self.range(tokens.syntax()).end();
        // `write!` is a method call: its temporaries live as long as those of its statement.
        let own_scope = !matches!(name, "write" | "writeln" | "format_args");
        if own_scope {
            self.graph.enter(ScopeKind::Temporaries, end);
        }
        let parsed = match name {
            "write" | "writeln" => self.arguments(content, Taken::ByMethod),
            "assert" | "debug_assert" => self.assertion(content),
            _ if formats(name) => self.arguments(content, Taken::ByReference),
            _ if content.text.contains(';') => self.statements(content),
            _ => self.arguments(content, Taken::Unknown) || self.statements(content),
        };
        if !parsed {
            self.scan(tokens.syntax(), formats(name));
        }
        if own_scope {
            self.graph.leave();
        }
    }

    /// Parses the tokens as arguments and evaluates them, by value or by reference.
    fn arguments(&mut self, content: &Piece, taken: Taken) -> bool {
        let text = content.text.replace(';', ",");
        let piece = Piece { text, start: content.start };
        self.with_parsed(&piece, "fn f(){f(", ")}", |this, tree| {
            let Some(call) = tree.descendants().find_map(ast::CallExpr::cast) else {
                return;
            };
            let args: Vec<ast::Expr> =
                call.arg_list().into_iter().flat_map(|list| list.args()).collect();
            let end = this.range(call.syntax()).end();
            let mut waiting = Vec::new();
            for (index, arg) in args.iter().enumerate() {
                waiting.push(match taken {
                    Taken::ByValue => {
                        let extended = this.graph.temporaries();
                        this.operand(arg, end, extended)
                    }
                    Taken::ByMethod if index == 0 => this.receiver(arg, "write_fmt", end),
                    Taken::Unknown if this.hint(arg).is_reference() => {
                        this.value(arg);
                        None
                    }
                    _ => this.borrowed_argument(arg, end),
                });
            }
            this.take(waiting);
        })
    }

    /// `assert!(condition, "{}", x)`: only a failure looks at `x`, and nothing comes after it.
    fn assertion(&mut self, content: &Piece) -> bool {
        self.with_parsed(content, "fn f(){f(", ")}", |this, tree| {
            let call = tree.descendants().find_map(ast::CallExpr::cast);
            let mut args = call.and_then(|it| it.arg_list()).into_iter().flat_map(|it| it.args());
            if let Some(condition) = args.next() {
                this.value(&condition);
            }
            let (start, failed) = (this.graph.current(), this.graph.new_block());
            this.graph.edge(start, failed);
            this.graph.switch_to(failed);
            for arg in args {
                let end = this.range(arg.syntax()).end();
                this.borrowed_argument(&arg, end);
            }
            let next = this.graph.new_block();
            this.graph.edge(start, next);
            this.graph.switch_to(next);
        })
    }

    fn borrowed_argument(&mut self, arg: &ast::Expr, end: TextSize) -> Option<u32> {
        // `name = value` names a format argument.
        let named = match arg {
            ast::Expr::BinExpr(it) => match it.op_kind() {
                Some(ast::BinaryOp::Assignment { op: None }) => it.rhs(),
                _ => None,
            },
            _ => None,
        };
        let arg = named.as_ref().unwrap_or(arg);
        if let ast::Expr::Literal(literal) = arg {
            for name in super::captures::inline_arguments(&literal.syntax().text().to_string()) {
                let place = self.named(&name);
                self.borrow(place);
            }
            return None;
        }
        let place = self.place(arg);
        self.borrow(place);
        let range = self.range(arg.syntax());
        place.value?;
        if !self.graph.awaits_within(range.end(), end) {
            return None;
        }
        let depth = self.graph.temporaries();
        let value = self.graph.declare(None, Origin::Temporary, range, ValueFacts::SHARED, depth);
        self.graph.push(Action::Init(value));
        Some(value)
    }

    /// Parses the tokens as statements and runs them.
    pub(super) fn statements(&mut self, content: &Piece) -> bool {
        self.with_parsed(content, "fn f(){", "}", |this, tree| {
            let function = tree.descendants().find_map(ast::Fn::cast);
            if let Some(body) = function.and_then(|function| function.body()) {
                this.block(&body);
            }
        })
    }

    fn matches(&mut self, tokens: &ast::TokenTree, content: &Piece) {
        let comma = top_level(tokens).into_iter().find(|it| it.kind == T![,]);
        let at = comma.map(|comma| {
            usize::from(comma.range.start() - tokens.syntax().text_range().start())
                .saturating_sub(1)
        });
        let parts = at.and_then(|at| content.text.get(..at).zip(content.text.get(at + 1..)));
        let Some((expr, pattern)) = parts else {
            return self.scan_tokens(tokens.syntax());
        };
        // Replaced byte for byte, so that offsets stay.
        let text = format!("{expr}{{{}", pattern.trim_end().trim_end_matches(','));
        let piece = Piece { text, start: content.start };
        let parsed = self.with_parsed(&piece, "fn f(){match ", "=>{},_=>{}}}", |this, tree| {
            if let Some(it) = tree.descendants().find_map(ast::MatchExpr::cast) {
                this.match_(&it);
            }
        });
        if !parsed {
            self.scan_tokens(tokens.syntax());
        }
    }

    /// `tokio::pin!(x)` and `pin_mut!(x)`: `x` moves into a new `x` that is borrowed for good.
    fn pin_variables(&mut self, call: &ast::MacroCall) -> bool {
        let Some(tokens) = call.token_tree() else {
            return false;
        };
        let words = top_level(&tokens);
        let is_list = words.iter().all(|it| matches!(it.kind, SyntaxKind::IDENT | T![,]));
        if !is_list || words.is_empty() {
            return false;
        }
        let locals = self.graph.locals();
        for word in words.into_iter().filter(|it| it.kind == SyntaxKind::IDENT) {
            let name = super::lower::plain_name(&word.text);
            let place = self.named(&name);
            self.consume(place);
            let range = self.placed(word.range);
            let facts = self.known(range).or(ValueFacts::default());
            let value = self.graph.declare(Some(name.clone()), Origin::Local, range, facts, locals);
            self.graph.push(Action::Init(value));
            self.graph.push(Action::Borrow(value));
            self.graph.name(name, value);
        }
        true
    }

    fn join(&mut self, call: &ast::MacroCall, tokens: &ast::TokenTree, content: &Piece) {
        let end = self.range(call.syntax()).end();
        self.graph.enter(ScopeKind::Temporaries, end);
        let text = content.text.replacen("biased;", "       ", 1);
        let piece = Piece { text, start: content.start };
        if !self.arguments(&piece, Taken::ByValue) {
            self.scan_tokens(tokens.syntax());
        }
        self.graph.leave();
        let range = self.range(call.syntax());
        self.graph.await_point(range);
    }

    // --- parsing --------------------------------------------------------------------------

    /// The text between a macro's delimiters.
    fn content(&self, tokens: &ast::TokenTree) -> Option<Piece> {
        let text = tokens.syntax().text().to_string();
        let inside = text.get(1..text.len().checked_sub(1)?)?.to_owned();
        let start = self.range(tokens.syntax()).start() + TextSize::new(1);
        Some(Piece { text: inside, start })
    }

    /// Parses a piece within `before` and `after`, and lowers it with the offsets of the file.
    /// False when it does not parse: nothing was lowered.
    pub(super) fn with_parsed(
        &mut self,
        piece: &Piece,
        before: &str,
        after: &str,
        lower: impl FnOnce(&mut Self, &ra_ap_syntax::SyntaxNode),
    ) -> bool {
        if super::too_deep(&piece.text) {
            return false;
        }
        let text = format!("{before}{}{after}", piece.text);
        let parse = SourceFile::parse(&text, self.edition);
        if !parse.errors().is_empty() {
            return false;
        }
        let shift = i64::from(u32::from(piece.start)) - before.len() as i64;
        let outer = std::mem::replace(&mut self.shift, shift);
        lower(self, &parse.syntax_node());
        self.shift = outer;
        true
    }
}

/// Whether a macro formats its arguments, so that it borrows each: printing, logging, errors.
fn formats(name: &str) -> bool {
    let known = matches!(
        name,
        "print"
            | "println"
            | "eprint"
            | "eprintln"
            | "format"
            | "format_args"
            | "write"
            | "writeln"
            | "panic"
            | "todo"
            | "unimplemented"
            | "unreachable"
            | "error"
            | "warn"
            | "info"
            | "debug"
            | "trace"
            | "log"
            | "event"
            | "span"
            | "anyhow"
            | "bail"
            | "ensure"
            | "eyre"
            | "format_err"
            | "json"
    );
    known || name.contains("assert") || name.ends_with("_span")
}

/// Only literals, names and commas: nothing that needs parsing.
fn is_simple(tokens: &ast::TokenTree) -> bool {
    tokens.syntax().children_with_tokens().all(|it| {
        let is_delimiter =
            matches!(it.kind(), T!['('] | T![')'] | T!['['] | T![']'] | T!['{'] | T!['}']);
        let is_word = matches!(it.kind(), SyntaxKind::IDENT | SyntaxKind::STRING | T![,]);
        it.kind().is_trivia() || is_delimiter || is_word
    })
}

/// The last word of a macro's path.
pub(super) fn macro_name(call: &ast::MacroCall) -> String {
    let name = call.path().and_then(|path| path.segment()).and_then(|segment| segment.name_ref());
    name.map(|name| name.text().to_string()).unwrap_or_default()
}

impl Default for Piece {
    fn default() -> Self {
        Self { text: String::new(), start: TextSize::new(0) }
    }
}

/// A token, or a group in brackets, directly inside a macro's delimiters.
pub(super) struct Word {
    pub(super) kind: SyntaxKind,
    pub(super) text: String,
    pub(super) range: TextRange,
}

pub(super) fn top_level(tokens: &ast::TokenTree) -> Vec<Word> {
    let all: Vec<_> = tokens.syntax().children_with_tokens().collect();
    let inside = all.get(1..all.len().saturating_sub(1)).unwrap_or_default();
    let words = inside.iter().filter(|it| !it.kind().is_trivia()).map(|it| Word {
        kind: it.kind(),
        text: match it {
            NodeOrToken::Node(node) => node.text().to_string(),
            NodeOrToken::Token(token) => token.text().to_owned(),
        },
        range: it.text_range(),
    });
    words.collect()
}
