//! Long types, shortened: the outermost type keeps its path (`std` or `tokio`, that is the
//! question), inner paths go first, then the innermost arguments.

/// Longer types than this push the code off the screen.
const LEN_MAX: usize = 60;

/// A type in at most about [`LEN_MAX`] characters.
pub(super) fn short_type(ty: &str, ellipsis: &str) -> String {
    if fits(ty) {
        return ty.to_owned();
    }
    let mut short = without_inner_paths(ty);
    while !fits(&short) {
        match without_deepest_arguments(&short, ellipsis) {
            Some(shorter) if shorter.len() < short.len() => short = shorter,
            _ => break,
        }
    }
    short
}

/// A sentence with its types, the pieces in backticks, shortened.
pub(super) fn short_types(sentence: &str, ellipsis: &str) -> String {
    let pieces = sentence
        .split('`')
        .enumerate()
        .map(|(n, piece)| if n % 2 == 1 { short_type(piece, ellipsis) } else { piece.to_owned() });
    pieces.collect::<Vec<_>>().join("`")
}

fn fits(ty: &str) -> bool {
    ty.chars().count() <= LEN_MAX
}

/// `a::B<c::d::E>` becomes `a::B<E>`.
fn without_inner_paths(ty: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut word_start) = (0_usize, 0);
    let mut chars = ty.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' if out.ends_with('-') => {}
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ':' if depth > 0 && chars.peek() == Some(&':') => {
                chars.next();
                out.truncate(word_start);
                continue;
            }
            _ => {}
        }
        out.push(c);
        if !c.is_alphanumeric() && c != '_' {
            word_start = out.len();
        }
    }
    out
}

/// `A<B<C, D>, E>` becomes `A<B<…>, E>`.
fn without_deepest_arguments(ty: &str, ellipsis: &str) -> Option<String> {
    let (mut depth, mut open) = (0_usize, Vec::new());
    let mut deepest: Option<(usize, usize, usize)> = None;
    for (at, c) in ty.char_indices() {
        match c {
            '<' => {
                depth += 1;
                open.push(at + 1);
            }
            '>' if !ty.get(..at)?.ends_with('-') => {
                let from = open.pop()?;
                let elided = ty.get(from..at)? == ellipsis;
                if !elided && deepest.is_none_or(|(known, ..)| depth > known) {
                    deepest = Some((depth, from, at));
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
    let (_, from, to) = deepest?;
    Some(format!("{}{ellipsis}{}", ty.get(..from)?, ty.get(to..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ty: &str, expected: &str) {
        assert_eq!(short_type(ty, "…"), expected);
    }

    #[test]
    fn short_types_stay() {
        check(
            "std::sync::MutexGuard<'_, std::vec::Vec<i32>>",
            "std::sync::MutexGuard<'_, std::vec::Vec<i32>>",
        );
    }

    #[test]
    fn inner_paths_go_first() {
        check(
            "std::sync::MutexGuard<'_, std::collections::HashMap<std::string::String, app::Żółw>>",
            "std::sync::MutexGuard<'_, HashMap<String, Żółw>>",
        );
        check(
            "std::boxed::Box<dyn Fn(std::sync::Arc<i32>) -> std::pin::Pin<std::boxed::Box<u8>>>",
            "std::boxed::Box<dyn Fn(Arc<i32>) -> Pin<Box<u8>>>",
        );
    }

    #[test]
    fn then_the_innermost_arguments() {
        check(
            "std::sync::MutexGuard<'_, std::collections::BTreeMap<std::string::String, \
             std::vec::Vec<std::option::Option<std::rc::Rc<app::VeryLongName>>>>>",
            "std::sync::MutexGuard<'_, BTreeMap<String, Vec<Option<…>>>>",
        );
    }

    #[test]
    fn what_is_no_type_survives() {
        for text in ["", "<", ">>>>", "a::::b", "::"] {
            let long = format!("{}{text}", "x".repeat(80));
            check(&long, &long);
        }
    }

    #[test]
    fn sentences_keep_their_words() {
        assert_eq!(
            short_types("`a::B` contains `c::D`: so it is", "…"),
            "`a::B` contains `c::D`: so it is"
        );
    }
}
