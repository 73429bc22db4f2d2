//! Which fn a handler trait's error is about. The error has a name and a signature; a workspace
//! has many fns called `list`.

use camino::Utf8Path;
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxNode,
    ast::{self, HasName},
};

use crate::{problem::Problem, sources::Sources};

/// The async fn that is meant, in its file: the best match of path, place and parameters.
pub(super) fn handler_fn<'a>(
    problem: &Problem,
    name: &str,
    sources: &'a Sources,
    edition: Edition,
) -> Option<(&'a Utf8Path, &'a str, ast::Fn)> {
    let wanted = Wanted::new(problem, name, sources);
    let mut best: Option<(u32, (&Utf8Path, &str, ast::Fn))> = None;
    let needle = format!("fn {name}");
    for (file, text) in sources.iter().filter(|(_, text)| text.contains(&needle)) {
        let tree = SourceFile::parse(text, edition).tree();
        for func in tree.syntax().descendants().filter_map(ast::Fn::cast) {
            let is_named = func.name().is_some_and(|it| it.text() == name);
            if !is_named || func.async_token().is_none() || func.body().is_none() {
                continue;
            }
            let score = wanted.score(file, &func);
            if best.as_ref().is_none_or(|(known, _)| score > *known) {
                best = Some((score, (file, text, func)));
            }
        }
    }
    best.map(|(_, found)| found)
}

struct Wanted<'a> {
    reported_in: &'a Utf8Path,
    /// `users` of `users::list`, as the code or one of its imports has it.
    module: Option<String>,
    /// The parameters' types as the compiler prints them, without paths.
    parameters: Option<Vec<String>>,
}

impl<'a> Wanted<'a> {
    fn new(problem: &'a Problem, name: &str, sources: &Sources) -> Self {
        let reported_in = problem.reported_at.file.as_path();
        let code = sources.slice(&problem.reported_at).unwrap_or_default();
        let module = module_in(code, name).or_else(|| {
            let text = sources.text(reported_in)?;
            let imports = text.split("use ").skip(1).filter_map(|it| it.split(';').next());
            imports.filter(|it| has_word(it, name)).find_map(|it| module_of_import(it, name))
        });
        Self { reported_in, module, parameters: parameters(&problem.compiler_message) }
    }

    fn score(&self, file: &Utf8Path, func: &ast::Fn) -> u32 {
        let is_free =
            func.syntax().parent().is_some_and(|it| !ast::AssocItemList::can_cast(it.kind()));
        let in_module = match &self.module {
            Some(module) => is_in_module(file, func.syntax(), module),
            None => file == self.reported_in,
        };
        let written = || -> Option<Vec<String>> {
            let types = func.param_list()?.params().filter_map(|it| it.ty());
            Some(types.map(|it| plain(&it.syntax().text().to_string())).collect())
        };
        let fits = self.parameters.is_some() && written() == self.parameters;
        8 * u32::from(in_module)
            + 4 * u32::from(fits)
            + 2 * u32::from(is_free)
            + u32::from(file == self.reported_in)
    }
}

/// The word before `::name`.
fn module_in(code: &str, name: &str) -> Option<String> {
    let at = code.find(&format!("::{name}"))?;
    let before = code.get(..at)?;
    let start = before.rfind(|c: char| !is_word(c)).map_or(0, |at| at + 1);
    before.get(start..).filter(|it| !it.is_empty()).map(str::to_owned)
}

/// `users` of `crate::api::users::{list, show}`.
fn module_of_import(import: &str, name: &str) -> Option<String> {
    let in_list = import.split_once("::{").map(|(path, _)| format!("{path}::{name}"));
    module_in(in_list.as_deref().unwrap_or(import), name)
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !is_word(c)).any(|it| it == word)
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// A module is a file, a folder, a crate or a block of this name.
fn is_in_module(file: &Utf8Path, node: &SyntaxNode, module: &str) -> bool {
    let in_path = file.components().any(|it| {
        let part = it.as_str();
        part.strip_suffix(".rs").unwrap_or(part).replace('-', "_") == module
    });
    let mut blocks = node.ancestors().filter_map(ast::Module::cast);
    in_path || blocks.any(|it| it.name().is_some_and(|it| it.text() == module))
}

/// The types in `fn(State<App>, Path<u32>) -> ..`; `None` where the compiler cut them off.
fn parameters(message: &str) -> Option<Vec<String>> {
    let (_, rest) = message.split_once("`fn(")?;
    let (mut depth, mut types, mut start) = (0_u32, Vec::new(), 0);
    for (at, c) in rest.char_indices() {
        let part = || rest.get(start..at).unwrap_or_default();
        match c {
            '<' | '(' | '[' => depth += 1,
            ')' if depth == 0 => {
                types.push(plain(part()));
                types.retain(|it| !it.is_empty());
                return (!types.iter().any(|it| it.contains("..."))).then_some(types);
            }
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                types.push(plain(part()));
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// A type without white space and paths.
fn plain(ty: &str) -> String {
    let ty: String = ty.chars().filter(|c| !c.is_whitespace()).collect();
    let mut out = String::new();
    let mut word = String::new();
    for c in ty.chars() {
        if is_word(c) {
            word.push(c);
        } else if c == ':' {
            word.clear();
        } else {
            out.push_str(&word);
            word.clear();
            out.push(c);
        }
    }
    out + &word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_compared_without_paths() {
        let message =
            "the trait bound `fn(State<Arc<App>>, Query<(u8, ü::Ü)>) -> impl F {list}: H` ..";
        let types = ["State<Arc<App>>", "Query<(u8,Ü)>"].map(str::to_owned).to_vec();
        assert_eq!(parameters(message), Some(types));
        assert_eq!(plain("axum::extract::State< std::sync::Arc<App> >"), "State<Arc<App>>");
        assert_eq!(parameters("the trait bound `fn(..., ...) -> ... {list}: H`"), None);
    }

    #[test]
    fn modules_of_paths_and_imports() {
        assert_eq!(module_in("get(größe::list)", "list").as_deref(), Some("größe"));
        assert_eq!(module_in("list", "list"), None);
        let import = "crate::api::users::{self, list, show}";
        assert_eq!(module_of_import(import, "list").as_deref(), Some("users"));
    }
}
