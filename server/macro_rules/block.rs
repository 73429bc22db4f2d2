//! Blocks among a macro's tokens, read as the blocks that they are written as: the arms of
//! `select!`, the body of `stream!`.

use ra_ap_syntax::{AstNode, Edition, SourceFile, SyntaxKind, SyntaxNode, TextRange};

/// The block around the value one macro further in: the largest that reads as Rust.
pub(crate) fn block_in(
    text: &str,
    edition: Edition,
    value: TextRange,
    tree: &SourceFile,
) -> Option<SourceFile> {
    let element = tree.syntax().covering_element(value);
    let groups: Vec<SyntaxNode> = element
        .ancestors()
        .skip_while(|it| it.kind() != SyntaxKind::TOKEN_TREE)
        .take_while(|it| it.kind() == SyntaxKind::TOKEN_TREE)
        .collect();
    let braced = |it: &&SyntaxNode| it.first_token().is_some_and(|it| it.text() == "{");
    groups.iter().rev().filter(braced).find_map(|it| parse_at(text, edition, it.text_range()))
}

/// A block parsed as the body of a fn that ends at the same offset as in the file.
fn parse_at(text: &str, edition: Edition, range: TextRange) -> Option<SourceFile> {
    const HEAD: &str = "async fn f()";
    let code = text.get(std::ops::Range::<usize>::from(range))?;
    let space = usize::from(range.start()).checked_sub(HEAD.len())?;
    let text = format!("{}{HEAD}{code}", " ".repeat(space));
    let parse = SourceFile::parse(&text, edition);
    parse.errors().is_empty().then(|| parse.tree())
}
