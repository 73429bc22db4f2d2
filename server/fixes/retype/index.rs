//! What a file defines, by name: one walk over its tree serves every question.

use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxKind, SyntaxNode,
    ast::{self, HasGenericParams, HasName},
};
use rustc_hash::FxHashMap;

use super::lookup;

/// The definitions of one file.
#[derive(Debug, Default)]
pub(super) struct Index {
    aliases: FxHashMap<String, Vec<SyntaxNode>>,
    contents: FxHashMap<String, Vec<SyntaxNode>>,
    fields: FxHashMap<String, Vec<(String, SyntaxNode)>>,
    fns: FxHashMap<String, Vec<(Option<String>, ast::Fn)>>,
    statics: FxHashMap<String, Vec<SyntaxNode>>,
}

impl Index {
    pub(super) fn new(tree: &SyntaxNode, edition: Edition) -> Self {
        let mut index = Self::default();
        for node in tree.descendants() {
            let items = ast::MacroCall::cast(node.clone()).and_then(|it| items_in(&it, edition));
            for item in items.iter().flat_map(SyntaxNode::descendants) {
                index.add(item);
            }
            index.add(node);
        }
        index
    }

    /// What the type aliases of this name stand for.
    pub(super) fn aliases(&self, name: &str) -> &[SyntaxNode] {
        get(&self.aliases, name)
    }

    /// The fields of the structs, and the variants of the enums, of this name.
    pub(super) fn contents(&self, name: &str) -> &[SyntaxNode] {
        get(&self.contents, name)
    }

    /// The types of the fields of this name (or index), with the name of the struct that has them.
    pub(super) fn fields(&self, name: &str) -> &[(String, SyntaxNode)] {
        get(&self.fields, name)
    }

    /// The fns of this name; of an impl or trait of `owner` when one is given.
    pub(super) fn fns<'a>(
        &'a self,
        name: &str,
        owner: Option<&'a str>,
    ) -> impl Iterator<Item = &'a ast::Fn> {
        let named = get(&self.fns, name).iter();
        named.filter(move |(its, _)| owner.is_none() || its.as_deref() == owner).map(|(_, it)| it)
    }

    /// The statics and constants of this name.
    pub(super) fn statics(&self, name: &str) -> &[SyntaxNode] {
        get(&self.statics, name)
    }

    fn add(&mut self, node: SyntaxNode) {
        if let Some(alias) = ast::TypeAlias::cast(node.clone()) {
            self.add_alias(&alias);
        } else if let Some(item) = ast::Struct::cast(node.clone()) {
            self.add_struct(&item);
        } else if let Some(item) = ast::Enum::cast(node.clone()) {
            let variants = item.variant_list().map(|it| it.syntax().clone());
            insert(&mut self.contents, &item, variants);
        } else if let Some(func) = ast::Fn::cast(node.clone()) {
            insert(&mut self.fns, &func, [(lookup::owner_of(&func), func.clone())]);
        } else if let Some(item) = ast::Static::cast(node.clone()) {
            insert(&mut self.statics, &item, [node]);
        } else if let Some(item) = ast::Const::cast(node.clone()) {
            insert(&mut self.statics, &item, [node]);
        }
    }

    fn add_alias(&mut self, alias: &ast::TypeAlias) {
        let parent = alias.syntax().parent();
        if parent.is_some_and(|it| ast::AssocItemList::can_cast(it.kind())) {
            return;
        }
        let ty = alias.ty().map(|ty| ty.syntax().clone());
        // `type Result<T, E = Box<dyn Error>>`
        let generics = alias.generic_param_list().map(|it| it.syntax().clone());
        insert(&mut self.aliases, alias, ty.into_iter().chain(generics));
    }

    fn add_struct(&mut self, item: &ast::Struct) {
        let (Some(name), Some(list)) = (item.name(), item.field_list()) else { return };
        insert(&mut self.contents, item, [list.syntax().clone()]);
        let fields: Vec<(String, ast::Type)> = match list {
            ast::FieldList::RecordFieldList(list) => {
                let fields = list.fields();
                fields.filter_map(|it| Some((it.name()?.text().to_string(), it.ty()?))).collect()
            }
            ast::FieldList::TupleFieldList(list) => {
                let fields = list.fields().enumerate();
                fields.filter_map(|(n, it)| Some((n.to_string(), it.ty()?))).collect()
            }
        };
        for (field, ty) in fields {
            let owned = (name.text().to_string(), ty.syntax().clone());
            self.fields.entry(field).or_default().push(owned);
        }
    }
}

/// The items among the tokens of `lazy_static! { .. }`, `thread_local!`, `pin_project!` and their
/// like, at the offsets of the file. What is no item does no harm: nobody asks for it.
fn items_in(call: &ast::MacroCall, edition: Edition) -> Option<SyntaxNode> {
    let parent = call.syntax().parent()?.kind();
    let is_item = matches!(parent, SyntaxKind::SOURCE_FILE | SyntaxKind::ITEM_LIST);
    let tokens = call.token_tree().filter(|_| is_item)?;
    let text = tokens.syntax().text().to_string();
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    let start = usize::from(tokens.syntax().text_range().start()) + 1;
    // `static ref` is a word of `lazy_static!` only.
    let inner = inner.replace("static ref ", "static     ");
    let text = format!("{}{inner}", " ".repeat(start));
    let tree = SourceFile::parse(&text, edition).tree().syntax().clone();
    let defines = |it: &SyntaxNode| {
        matches!(it.kind(), SyntaxKind::STATIC | SyntaxKind::STRUCT | SyntaxKind::ENUM)
    };
    tree.children().any(|it| defines(&it)).then_some(tree)
}

fn get<'a, T>(map: &'a FxHashMap<String, Vec<T>>, name: &str) -> &'a [T] {
    map.get(name).map(Vec::as_slice).unwrap_or_default()
}

fn insert<T>(
    map: &mut FxHashMap<String, Vec<T>>,
    item: &dyn HasName,
    values: impl IntoIterator<Item = T>,
) {
    if let Some(name) = item.name() {
        map.entry(name.text().to_string()).or_default().extend(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_by_name() {
        let text = "type Żółw<E = u8> = Result<u8, E>; struct P(u8, Rc<u8>); enum E { A(P) } \
                    impl P { fn f() {} type Żółw = u8; } fn f() {} const C: u8 = 1; static C: P;";
        let tree = SourceFile::parse(text, Edition::Edition2021).tree();
        let index = Index::new(tree.syntax(), Edition::Edition2021);
        let texts =
            |nodes: &[SyntaxNode]| nodes.iter().map(|it| it.text().to_string()).collect::<Vec<_>>();
        assert_eq!(texts(index.aliases("Żółw")), ["Result<u8, E>", "<E = u8>"]);
        assert_eq!(texts(index.contents("P")), ["(u8, Rc<u8>)"]);
        assert_eq!(texts(index.contents("E")), ["{ A(P) }"]);
        let (owner, ty) = &index.fields("1")[0];
        assert_eq!((owner.as_str(), ty.text().to_string().as_str()), ("P", "Rc<u8>"));
        assert_eq!((index.fns("f", None).count(), index.fns("f", Some("P")).count()), (2, 1));
        assert_eq!(index.statics("C").len(), 2);
        assert!(index.contents("C").is_empty());
    }

    #[test]
    fn items_among_the_tokens_of_a_macro() {
        let text = "lazy_static! { static ref GRÖSSE: Mutex<u8> = Mutex::new(1); } \
                    pin_project! { struct Job { #[pin] ż: Rc<u8> } } fn f() { m!(struct X(Rc<u8>)); }";
        let tree = SourceFile::parse(text, Edition::Edition2021).tree();
        let index = Index::new(tree.syntax(), Edition::Edition2021);
        let [item] = index.statics("GRÖSSE") else { panic!("one static") };
        assert_eq!(&text[item.text_range()], "static ref GRÖSSE: Mutex<u8> = Mutex::new(1);");
        let (owner, ty) = &index.fields("ż")[0];
        assert_eq!((owner.as_str(), &text[ty.text_range()]), ("Job", "Rc<u8>"));
        assert!(index.contents("X").is_empty());
    }
}
