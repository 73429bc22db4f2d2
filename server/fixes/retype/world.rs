//! The workspace's texts as trees, parsed when first needed.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use camino::{Utf8Path, Utf8PathBuf};
use ra_ap_syntax::{AstNode, Edition, NodeOrToken, SourceFile, SyntaxNode, TextRange, ast};

use rustc_hash::FxHashMap;

use super::{
    index::Index,
    lookup,
    renames::{Import, imports},
};
use crate::{
    fixes::written_out::{Macros, WholeFile},
    problem::{Edit, Problem},
    sources::Sources,
    text::Lines,
};

/// A replacement in some file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Site {
    pub(in super::super) file: Utf8PathBuf,
    pub(in super::super) start: u32,
    pub(in super::super) end: u32,
    pub(in super::super) new_text: String,
}

impl Site {
    pub(in super::super) fn new(file: &Utf8Path, range: TextRange, new_text: String) -> Self {
        Self {
            file: file.to_owned(),
            start: range.start().into(),
            end: range.end().into(),
            new_text,
        }
    }
}

/// The trees of a snapshot, with what is found in them: each is parsed and read once.
pub struct World<'a> {
    pub(in super::super) sources: &'a Sources,
    edition: Edition,
    files: RefCell<BTreeMap<Utf8PathBuf, Rc<File>>>,
    /// Which files contain a text.
    containing: RefCell<FxHashMap<String, Rc<[Utf8PathBuf]>>>,
    packages: RefCell<FxHashMap<Utf8PathBuf, Option<Utf8PathBuf>>>,
    /// The macros of the workspace, and the files that call them with those calls written out.
    macros: OnceCell<Macros>,
    written: RefCell<BTreeMap<Utf8PathBuf, Option<Rc<WholeFile>>>>,
}

/// A parsed file.
pub(super) struct File {
    root: SyntaxNode,
    edition: Edition,
    index: OnceCell<Index>,
    imports: OnceCell<Vec<Import>>,
}

impl File {
    /// Its definitions.
    pub(super) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.root, self.edition))
    }

    /// Its imports.
    pub(super) fn imports(&self) -> &[Import] {
        self.imports.get_or_init(|| imports(&self.root))
    }
}

impl<'a> World<'a> {
    /// The texts, in the edition of the problem's unit.
    pub fn new(sources: &'a Sources, problem: &Problem) -> Self {
        Self::with_edition(sources, &problem.unit.edition)
    }

    pub(in super::super) fn with_edition(sources: &'a Sources, edition: &str) -> Self {
        Self {
            sources,
            edition: crate::syntax::edition(edition),
            files: RefCell::default(),
            containing: RefCell::default(),
            packages: RefCell::default(),
            macros: OnceCell::new(),
            written: RefCell::default(),
        }
    }

    /// A file with the calls of the workspace's own macros written out; `None` where it has none.
    pub(super) fn written(&self, file: &Utf8Path) -> Option<Rc<WholeFile>> {
        let real: &Utf8Path = file.as_str().strip_suffix('!').unwrap_or(file.as_str()).into();
        if let Some(known) = self.written.borrow().get(real) {
            return known.clone();
        }
        let macros = self.macros.get_or_init(|| Macros::of(self.sources));
        let written = WholeFile::of(real, self.sources, self.edition, macros).map(Rc::new);
        self.written.borrow_mut().insert(real.to_owned(), written.clone());
        written
    }

    /// Where a place in a macro of the workspace, or among the arguments of one's call, is in a file
    /// with its calls written out.
    pub(super) fn written_place(
        &self,
        file: &Utf8Path,
        range: TextRange,
    ) -> Option<(Utf8PathBuf, TextRange)> {
        let tree = self.tree(file).filter(|it| it.text_range().contains_range(range))?;
        let element = tree.covering_element(range);
        let mut around = element.ancestors().skip_while(|it| !ast::TokenTree::can_cast(it.kind()));
        around.next()?;
        let now = |written: Rc<WholeFile>| Some((written.name.clone(), written.now(file, range)?));
        if element.ancestors().any(|it| ast::MacroRules::can_cast(it.kind())) {
            let rust = self.sources.iter().filter(|(file, _)| file.extension() == Some("rs"));
            return rust.filter_map(|(file, _)| self.written(file)).find_map(now);
        }
        self.written(file).and_then(now)
    }

    /// The files that have a text only where calls are written out.
    pub(super) fn written_with(&self, needle: &str) -> Vec<Utf8PathBuf> {
        let rust = self.sources.iter().filter(|(file, _)| file.extension() == Some("rs"));
        let written = rust.filter_map(|(file, _)| self.written(file));
        written.filter(|it| it.text().contains(needle)).map(|it| it.name.clone()).collect()
    }

    /// The tree of a Rust file.
    pub(in super::super) fn tree(&self, file: &Utf8Path) -> Option<SyntaxNode> {
        Some(self.file(file)?.root.clone())
    }

    /// The fns of a file that have this name.
    pub(in super::super) fn fns(&self, file: &Utf8Path, name: &str) -> Vec<ast::Fn> {
        let file = self.file(file);
        file.iter().flat_map(|file| file.index().fns(name, None).cloned()).collect()
    }

    /// Whether a file imports an item under another name: `use std::error::Error as StdError`.
    pub(super) fn is_alias(&self, file: &Utf8Path, item: &str, name: &str) -> bool {
        let known = self.file(file);
        let imports = known.as_ref().map(|it| it.imports()).unwrap_or_default();
        imports.iter().any(|(_, there, here)| there == item && here == name)
    }

    pub(super) fn file(&self, file: &Utf8Path) -> Option<Rc<File>> {
        if let Some(known) = self.files.borrow().get(file) {
            return Some(Rc::clone(known));
        }
        let root = match self.sources.text(file) {
            Some(text) => SourceFile::parse(text, self.edition),
            None => SourceFile::parse(
                self.written(file).filter(|it| it.name == file)?.text(),
                self.edition,
            ),
        };
        let root = root.tree().syntax().clone();
        let parsed =
            File { root, edition: self.edition, index: OnceCell::new(), imports: OnceCell::new() };
        let parsed = Rc::new(parsed);
        self.files.borrow_mut().insert(file.to_owned(), Rc::clone(&parsed));
        Some(parsed)
    }

    /// The tree that shows a range: the file's, or, for what a macro's tokens hide, one in which
    /// the macro's arguments are those of a call, at the same offsets.
    pub(in super::super) fn tree_showing(
        &self,
        file: &Utf8Path,
        range: TextRange,
    ) -> Option<SyntaxNode> {
        let tree = self.tree(file)?;
        if !tree.text_range().contains_range(range) {
            return None;
        }
        let node = match tree.covering_element(range) {
            NodeOrToken::Node(node) => node,
            NodeOrToken::Token(token) => token.parent()?,
        };
        let tokens = node.ancestors().filter_map(ast::TokenTree::cast).last();
        let Some(tokens) = tokens.filter(|it| it.syntax().text_range() != range) else {
            return Some(tree);
        };
        let text = tokens.syntax().text().to_string();
        let inner = text.get(1..text.len().checked_sub(1)?)?;
        let head = "fn f(){f(";
        let start = usize::from(tokens.syntax().text_range().start()) + 1;
        let padding = " ".repeat(start.checked_sub(head.len())?);
        let text = format!("{head}{padding}{inner})}}");
        Some(SourceFile::parse(&text, self.edition).tree().syntax().clone())
    }

    /// The declaration of a variable; a use among a macro's tokens looks outside the macro too.
    pub(in super::super) fn binding(
        &self,
        file: &Utf8Path,
        name: &str,
        at: &SyntaxNode,
    ) -> Option<SyntaxNode> {
        lookup::binding(name, at).or_else(|| lookup::binding(name, &self.real_node(file, at)?))
    }

    /// The node of the file's own tree around what a macro's tokens hide.
    pub(in super::super) fn real_node(
        &self,
        file: &Utf8Path,
        node: &SyntaxNode,
    ) -> Option<SyntaxNode> {
        let tree = self.tree(file)?;
        let range = node.text_range();
        if !tree.text_range().contains_range(range) {
            return None;
        }
        match tree.covering_element(range) {
            NodeOrToken::Node(node) => Some(node),
            NodeOrToken::Token(token) => token.parent(),
        }
    }

    /// The arguments of a macro, as far as they read like those of a call.
    pub(in super::super) fn macro_args(
        &self,
        file: &Utf8Path,
        node: &SyntaxNode,
    ) -> Vec<ast::Expr> {
        let tokens = node.descendants().find_map(ast::TokenTree::cast);
        let inner = tokens.and_then(|it| it.syntax().first_token()?.next_token());
        let tree = inner.and_then(|it| self.tree_showing(file, it.text_range()));
        let call = tree.and_then(|tree| tree.descendants().find_map(ast::CallExpr::cast));
        let args = call.and_then(|it| ast::HasArgList::arg_list(&it));
        args.iter().flat_map(|it| it.args()).collect()
    }

    /// The Rust files that contain a text, nearest to `from` first: the file itself, the rest of
    /// its package, the rest of the workspace.
    pub(in super::super) fn tiers(&self, from: &Utf8Path, needle: &str) -> [Vec<Utf8PathBuf>; 3] {
        let package = self.sources.package_dir(from);
        let [mut own, mut near, mut far] = [Vec::new(), Vec::new(), Vec::new()];
        for file in self.containing(needle).iter() {
            let tier = match file == from {
                true => &mut own,
                false if self.package_dir(file) == package => &mut near,
                false => &mut far,
            };
            tier.push(file.clone());
        }
        [own, near, far]
    }

    fn containing(&self, needle: &str) -> Rc<[Utf8PathBuf]> {
        if let Some(known) = self.containing.borrow().get(needle) {
            return Rc::clone(known);
        }
        let rust = self.sources.iter().filter(|(file, _)| file.extension() == Some("rs"));
        let found: Rc<[_]> = rust
            .filter(|(_, text)| text.contains(needle))
            .map(|(file, _)| file.to_owned())
            .collect();
        self.containing.borrow_mut().insert(needle.to_owned(), Rc::clone(&found));
        found
    }

    fn package_dir(&self, file: &Utf8Path) -> Option<Utf8PathBuf> {
        let mut known = self.packages.borrow_mut();
        known.entry(file.to_owned()).or_insert_with(|| self.sources.package_dir(file)).clone()
    }

    /// Sites as edits, each once.
    pub(in super::super) fn edits(&self, mut sites: Vec<Site>) -> Vec<Edit> {
        sites.sort();
        sites.dedup();
        let mut edits = Vec::new();
        for site in sites {
            let range = TextRange::new(site.start.into(), site.end.into());
            let Some(text) = self.sources.text(&site.file) else {
                let written = self.written(&site.file);
                let edit = written.and_then(|it| it.edit_back(range, &site.new_text, self.sources));
                edits.extend(edit.filter(|it| !edits.contains(it)));
                continue;
            };
            edits.push(Edit {
                span: Lines::new(text).span(&site.file, range),
                new_text: site.new_text,
            });
        }
        // One place may be reached as itself and through a macro.
        edits.sort();
        edits.dedup();
        edits
    }
}
