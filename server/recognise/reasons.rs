//! Why a type is not `Send`: the chain of types down to the leaf, and a word on well-known leaves.

use super::report::{Leaf, Report};
use crate::problem::AutoTrait;

/// Sentences, outermost type first, the leaf and its explanation last.
pub(super) fn chain(held_type: &str, report: &Report<'_>) -> Vec<String> {
    let parameter = || report.restricted_parameter();
    let Some(leaf) = report.leaf().or_else(parameter) else {
        return Vec::new();
    };
    // rustc lists the chain from the leaf outwards; futures at its outer end are not values.
    let mut types: Vec<&str> = vec![&leaf.ty];
    types.extend(report.type_chain());
    // `Unique` is what a `Box` is made of.
    let is_value = |ty: &str| !ty.contains("Future<") && !ty.contains("{async ");
    types.retain(|ty| is_value(ty) && !ty.starts_with("Unique<") && !ty.contains("ptr::Unique<"));
    if types.last().is_none_or(|outermost| !same_type(outermost, held_type))
        && !held_type.is_empty()
        && !types.iter().any(|ty| same_type(ty, held_type))
    {
        types.push(held_type);
    }
    types.dedup();
    types.reverse();
    let mut why: Vec<String> = types
        .windows(2)
        .filter_map(|pair| match pair {
            [outer, inner] => Some(format!("`{outer}` contains `{inner}`")),
            _ => None,
        })
        .collect();
    let is_parameter = parameter().is_some_and(|parameter| parameter.ty == leaf.ty);
    why.push(leaf_sentence(&leaf, if is_parameter { &[] } else { &types }));
    why
}

/// Why a type parameter lacks a trait: of what it stands for in this call.
pub fn reasons_of_parameter(parameter: &str, leaf: &str, auto_trait: AutoTrait) -> Vec<String> {
    let ty = leaf.to_owned();
    let why = leaf_sentence(&Leaf { ty, auto_trait }, &[leaf]);
    vec![format!("`{parameter}` is `{leaf}` here, or contains it"), why]
}

/// `around` are the types that contain the leaf; none when it is a type parameter.
fn leaf_sentence(leaf: &Leaf, around: &[&str]) -> String {
    let Leaf { ty, auto_trait } = leaf;
    let name = auto_trait.name();
    // Guards forbid `Send` by a pointer to nothing: what they are for tells more.
    let of_marker = || around.iter().find_map(|ty| known_leaf(ty, *auto_trait));
    let marker = matches!(ty.as_str(), "*mut ()" | "*const ()").then(of_marker).flatten();
    match marker.or_else(|| known_leaf(ty, *auto_trait)) {
        Some(reason) => format!("`{ty}` is not `{name}`: {reason}"),
        None if around.is_empty() => format!("nothing says that `{ty}` is `{name}`"),
        None => format!("`{ty}` is not `{name}`"),
    }
}

/// rustc prints one type as `dyn Error` here and `(dyn std::error::Error + 'static)` there.
fn same_type(a: &str, b: &str) -> bool {
    let plain =
        |ty: &str| ty.replace("std::error::", "").replace(['(', ')'], "").replace(" + 'static", "");
    plain(a) == plain(b) || is_cut_short(a, b)
}

/// rustc cuts long types short, at other places and with other paths each time.
fn is_cut_short(a: &str, b: &str) -> bool {
    let (a, b) = (without_paths(a), without_paths(b));
    let elision = |ty: &str| ["...", "…"].iter().filter_map(|it| ty.find(it)).min();
    let Some(end) = elision(&a).into_iter().chain(elision(&b)).min() else { return false };
    let beginning = |ty: &str| ty.get(..end).map(str::to_owned);
    // `Arc<` alone says too little.
    let says_enough = |it: &String| {
        let arguments = it.split_once('<').map(|(_, rest)| rest.trim_start_matches("'_, "));
        arguments.is_some_and(|it| it.contains(char::is_alphanumeric))
    };
    let known = beginning(&a).filter(says_enough);
    known.is_some() && known == beginning(&b)
}

/// `std::sync::MutexGuard<'_, my::A>` as `MutexGuard<'_, A>`.
fn without_paths(ty: &str) -> String {
    let mut plain = String::with_capacity(ty.len());
    let mut rest = ty;
    while let Some((before, after)) = rest.split_once("::") {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        plain.push_str(before.trim_end_matches(is_part));
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// What a type is, for readers who meet it for the first time.
fn known_leaf(ty: &str, auto_trait: AutoTrait) -> Option<&'static str> {
    let head = ty.split(['<', ' ']).next().unwrap_or_default();
    let last = head.rsplit("::").next().unwrap_or_default();
    let reason = match last {
        "MutexGuard"
        | "RwLockReadGuard"
        | "RwLockWriteGuard"
        | "RwLockUpgradableReadGuard"
        | "MappedMutexGuard"
        | "MappedRwLockReadGuard"
        | "MappedRwLockWriteGuard"
        | "ReentrantLockGuard"
        | "ReentrantMutexGuard"
        | "GuardNoSend" => "a lock must be released on the thread that took it",
        "Ref" | "RefMut" => "the borrow must end on the thread that began it",
        "EnterGuard" => "a runtime must be left on the thread that entered it",
        "Arguments" | "Argument" | "Opaque" => {
            "formatted arguments do not say what they point to: it could be anything"
        }
        "LocalSet" | "LocalWaker" | "LocalKey" => "it belongs to one thread",
        "Rc" | "Weak" => "its reference count is not atomic, so two threads could corrupt it",
        "RefCell" => "its borrow flag is not atomic, so two threads could borrow it at once",
        "Cell" | "OnceCell" | "LazyCell" | "UnsafeCell" => {
            "it changes through a shared reference without synchronisation"
        }
        "NonNull" | "*mut" | "*const" => {
            "the compiler cannot know what a raw pointer points to, or who else uses it"
        }
        "ThreadRng" => "its state belongs to one thread",
        "Receiver" if auto_trait == AutoTrait::Sync => "only one thread at a time may receive",
        "EnteredSpan" | "Entered" => "a span must be left on the thread that entered it",
        _ if ty.contains("dyn ") => match auto_trait {
            AutoTrait::Send => "the trait object promises no `Send`, so any type may be inside",
            AutoTrait::Sync => "the trait object promises no `Sync`, so any type may be inside",
        },
        _ => return None,
    };
    Some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_cut_short_is_the_same() {
        let guard = "std::sync::MutexGuard<'_, größe::State<…>>";
        assert!(same_type(guard, "MutexGuard<'_, State<<C as größe::Config>::Id, ...>>"));
        assert!(!same_type(guard, "MutexGuard<'_, Other<<C as größe::Config>::Id, ...>>"));
        assert!(!same_type("Arc<…>", "Arc<u8>"));
        assert!(!same_type("std::sync::MutexGuard<'_, u8>", "MutexGuard<'_, u8>"));
        assert!(!same_type("…", "State<u8>"));
    }

    #[test]
    fn well_known_leaves_are_explained() {
        for ty in [
            "std::sync::MutexGuard<'_, i32>",
            "Rc<u8>",
            "*mut u8",
            "(dyn std::error::Error + 'static)",
            "std::rc::Weak<u8>",
        ] {
            assert!(known_leaf(ty, AutoTrait::Send).is_some(), "{ty}");
        }
        let marker = Leaf { ty: "*mut ()".into(), auto_trait: AutoTrait::Send };
        let sentence = leaf_sentence(&marker, &["tracing::span::EnteredSpan", "*mut ()"]);
        assert!(sentence.ends_with("on the thread that entered it"), "{sentence}");
        assert_eq!(known_leaf("MyType", AutoTrait::Send), None);
    }
}
