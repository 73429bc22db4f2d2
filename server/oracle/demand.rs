//! Asking closer: a function beside an async fn that demands `Send` of its future.
//!
//! Errors across crates, through tuples or axum's `Handler` name no value. Next to the async fn
//! itself the compiler names it. The demand is written behind the fn on its last line, so no
//! line moves:
//!
//! ```text
//! async fn f<T: Clone>(t: &T, n: u8) -> R { .. } fn sendlens_demand<T: Clone>(p0: &T, p1: u8) {
//!     fn sendlens_need<F: Future + Send>(_: F) {} sendlens_need(f(p0, p1)); }
//! ```

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasGenericParams, HasName},
};

/// The name that marks the demand's own errors.
pub(super) const NEED: &str = "sendlens_need";

/// Text to insert, and where (a byte offset of the fn's file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) at: TextRange,
    pub(super) text: String,
    /// The type parameters that play a part.
    pub(super) parameters: Vec<String>,
}

/// What is taken for granted of type parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameters {
    /// Only what the fn says.
    AsWritten,
    /// `Send + Sync`, besides.
    AreSend,
}

/// Writes the demand for an async fn; `None` where no function can stand beside it.
pub(super) fn demand_of(func: &ast::Fn, parameters: Parameters) -> Option<Demand> {
    func.async_token()?;
    let name = func.name()?.text().to_string();
    let mut params: Vec<String> = Vec::new();
    let mut args: Vec<String> = Vec::new();
    let list = func.param_list()?;
    let receiver = list.self_param();
    if let Some(receiver) = &receiver {
        params.push(format!("sendlens_self: {}", receiver_type(receiver)));
        args.push("sendlens_self".to_owned());
    }
    for (n, param) in list.params().enumerate() {
        params.push(format!("p{n}: {}", param.ty()?.syntax().text()));
        args.push(format!("p{n}"));
    }
    let generics = func.generic_param_list().map(|it| it.syntax().text().to_string());
    let names = type_parameters(func);
    let bounded = match parameters {
        Parameters::AsWritten => &[][..],
        Parameters::AreSend => &names,
    };
    let clause = where_clause(func, bounded);
    let need = format!("fn {NEED}<F: ::core::future::Future + ::core::marker::Send>(_: F) {{}}");
    let surroundings = Surroundings::of(func);
    let callee = match surroundings {
        Surroundings::Module => name,
        Surroundings::InherentImpl | Surroundings::TraitImpl(_) => format!("Self::{name}"),
        Surroundings::Trait => format!("<Self as {}>::{name}", trait_name(func)?),
    };
    let demand = format!(
        " #[allow(warnings)] fn sendlens_demand{}({}){} {{ {need} {NEED}({callee}({})); }}",
        generics.unwrap_or_default(),
        params.join(", "),
        clause,
        args.join(", "),
    );
    let (owner, text) = match surroundings {
        Surroundings::Module | Surroundings::InherentImpl => (func.syntax().clone(), demand),
        Surroundings::TraitImpl(block) => (block.syntax().clone(), in_own_impl(&block, &demand)?),
        Surroundings::Trait => return None,
    };
    let at = TextRange::empty(owner.text_range().end());
    Some(Demand { at, text: one_line(&text), parameters: names })
}

/// The type parameters of the fn and of the block around it.
fn type_parameters(func: &ast::Fn) -> Vec<String> {
    let block = func.syntax().parent().and_then(|it| it.parent()).and_then(ast::Impl::cast);
    let of_block = block.and_then(|it| it.generic_param_list());
    let lists = func.generic_param_list().into_iter().chain(of_block);
    let parameters = lists.flat_map(|list| list.type_or_const_params());
    parameters
        .filter_map(|it| match it {
            ast::TypeOrConstParam::Type(it) => Some(it.name()?.text().to_string()),
            ast::TypeOrConstParam::Const(_) => None,
        })
        .collect()
}

fn where_clause(func: &ast::Fn, bounded: &[String]) -> String {
    let written = func.where_clause().map(|it| it.syntax().text().to_string());
    let send = bounded
        .iter()
        .map(|name| format!("{name}: ::core::marker::Send + ::core::marker::Sync"))
        .collect::<Vec<_>>()
        .join(", ");
    match written {
        Some(written) if send.is_empty() => format!(" {written}"),
        Some(written) => format!(" {}, {send}", written.trim_end().trim_end_matches(',')),
        None if send.is_empty() => String::new(),
        None => format!(" where {send}"),
    }
}

/// What a fn stands in: it decides how it is called and where a function fits.
enum Surroundings {
    Module,
    InherentImpl,
    TraitImpl(ast::Impl),
    Trait,
}

impl Surroundings {
    fn of(func: &ast::Fn) -> Self {
        let owner: Option<SyntaxNode> = func.syntax().parent().and_then(|list| list.parent());
        let Some(owner) = owner else {
            return Self::Module;
        };
        if ast::Trait::can_cast(owner.kind()) {
            return Self::Trait;
        }
        match ast::Impl::cast(owner) {
            Some(block) if block.trait_().is_some() => Self::TraitImpl(block),
            Some(_) => Self::InherentImpl,
            None => Self::Module,
        }
    }
}

fn trait_name(func: &ast::Fn) -> Option<String> {
    let owner = func.syntax().parent()?.parent()?;
    Some(ast::Trait::cast(owner)?.name()?.text().to_string())
}

fn in_own_impl(block: &ast::Impl, demand: &str) -> Option<String> {
    let generics = block.generic_param_list().map(|it| it.syntax().text().to_string());
    let clause = block.where_clause().map(|it| format!(" {}", it.syntax().text()));
    let ty = block.self_ty()?.syntax().text().to_string();
    let (generics, clause) = (generics.unwrap_or_default(), clause.unwrap_or_default());
    Some(format!(" impl{generics} {ty}{clause} {{{demand} }}"))
}

fn receiver_type(receiver: &ast::SelfParam) -> String {
    if let Some(ty) = receiver.ty() {
        return ty.syntax().text().to_string();
    }
    let lifetime = receiver.lifetime().map(|it| format!("{} ", it.syntax().text()));
    match (receiver.amp_token(), receiver.mut_token()) {
        (Some(_), Some(_)) => format!("&{}mut Self", lifetime.unwrap_or_default()),
        (Some(_), None) => format!("&{}Self", lifetime.unwrap_or_default()),
        (None, _) => "Self".to_owned(),
    }
}

/// Line ends would move what follows; comments in the copied text would swallow the rest.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default().trim_end());
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ra_ap_syntax::{Edition, SourceFile};

    fn demand(text: &str) -> Option<String> {
        let tree = SourceFile::parse(text, Edition::Edition2021).tree();
        let func = tree.syntax().descendants().filter_map(ast::Fn::cast).next()?;
        demand_of(&func, Parameters::AsWritten).map(|demand| demand.text)
    }

    #[test]
    fn generics_receivers_and_patterns_are_repeated() {
        let text = demand(
            "impl<S> Svc<S> { async fn f<T>(&self, (a, b): (T, u8)) -> T\n where T: Clone { a } }",
        )
        .unwrap();
        assert!(
            text.contains(
                "fn sendlens_demand<T>(sendlens_self: &Self, p0: (T, u8)) where T: Clone {"
            )
        );
        assert!(text.ends_with("sendlens_need(Self::f(sendlens_self, p0)); }"), "{text}");
    }

    #[test]
    fn a_method_of_a_trait_impl_is_asked_in_an_impl_of_its_own() {
        let text = demand("impl Job for Żółw { async fn run(self) {} }").unwrap();
        assert!(text.starts_with(" impl Żółw { #[allow(warnings)] fn sendlens_demand"), "{text}");
    }

    #[test]
    fn type_parameters_can_be_taken_for_send() {
        let text = "impl<S> Svc<S> { async fn f<T>(&self, t: T)\nwhere\n    T: Clone,\n{} }";
        let tree = SourceFile::parse(text, Edition::Edition2021).tree();
        let func = tree.syntax().descendants().find_map(ast::Fn::cast).unwrap();
        let text = demand_of(&func, Parameters::AreSend).unwrap().text;
        let bounds = "T: ::core::marker::Send + ::core::marker::Sync, \
                      S: ::core::marker::Send + ::core::marker::Sync";
        assert!(text.contains(&format!("where     T: Clone, {bounds} {{")), "{text}");
    }

    #[test]
    fn sync_fns_and_trait_declarations_are_not_asked() {
        assert_eq!(demand("fn f() {}"), None);
        assert_eq!(demand("trait Job { async fn run(&self); }"), None);
    }
}
