//! What the text of a type tells: whether it is `Copy`, has a destructor, is a reference.

use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxNode, TextRange,
    ast::{self, HasName},
};
use rustc_hash::FxHashMap;

use super::cfg::Cfg;

/// How a method call or a field access reaches through a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `&T`, `&mut T`, a raw pointer, `Box<T>`: reaching through borrows what it points to.
    Reference,
    /// `Arc<T>`, a guard, `Vec<T>`: reaching through calls `deref`, which borrows the value.
    Smart,
    /// Numbers, `bool`, `char`: operators and most methods copy the value.
    Primitive,
    /// `impl FnOnce()`: calling it takes it.
    Once,
}

/// What is known about one value. What is not known is guessed from how the value is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValueFacts {
    /// Whether its type is `Copy`.
    pub copy: Option<bool>,
    /// Whether dropping it runs code.
    pub needs_drop: Option<bool>,
    /// How it is reached through.
    pub shape: Option<Shape>,
}

/// How a method takes its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// `self`.
    Value,
    /// `&self`, `&mut self`.
    Reference,
}

/// What the caller knows about a file's values: facts that syntax alone cannot give.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// By the range of the binding (`x`, not `mut x`) or of the expression.
    pub values: FxHashMap<TextRange, ValueFacts>,
    /// By the range of the receiver expression.
    pub receivers: FxHashMap<TextRange, Receiver>,
    /// How the workspace's own methods take theirs, where `receivers` says nothing.
    pub methods: Methods,
    /// The configuration of the unit; without it every `#[cfg(..)]` is taken to hold.
    pub cfg: Option<Cfg>,
}

/// How methods take their receiver, by name alone: read from definitions, without types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Methods {
    /// `None` for a name that is defined both ways.
    known: FxHashMap<String, Option<Receiver>>,
}

impl Methods {
    /// Adds the methods that a file defines.
    pub fn add(&mut self, text: &str, edition: Edition) {
        if !super::too_deep(text) {
            self.add_tree(SourceFile::parse(text, edition).tree().syntax());
        }
    }

    pub(super) fn add_tree(&mut self, tree: &SyntaxNode) {
        for function in tree.descendants().filter_map(ast::Fn::cast) {
            let Some(param) = function.param_list().and_then(|list| list.self_param()) else {
                continue;
            };
            let Some(name) = function.name() else {
                continue;
            };
            // `self: Arc<Self>` is a value, `self: &Arc<Self>` a reference.
            let typed = param.ty().map(|ty| ty.syntax().text().to_string());
            let by_reference = match typed {
                Some(ty) => ty.starts_with('&') || ty.starts_with("Pin<&"),
                None => param.amp_token().is_some(),
            };
            let kind = if by_reference { Receiver::Reference } else { Receiver::Value };
            self.learn(name.text(), Some(kind));
        }
    }

    fn learn(&mut self, name: &str, kind: Option<Receiver>) {
        match self.known.get_mut(name) {
            Some(known) => *known = known.filter(|known| Some(*known) == kind),
            None => {
                self.known.insert(name.to_owned(), kind);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (name, kind) in &other.known {
            self.learn(name, *kind);
        }
    }

    /// The names that only one of both knows, or that they know differently.
    pub(super) fn differing(&self, other: &Self) -> Vec<String> {
        let known = self.known.iter().map(|(name, kind)| (name, *kind));
        let others = other.known.keys().map(|name| (name, self.receiver(name)));
        let differ = known.chain(others).filter(|(name, kind)| other.receiver(name) != *kind);
        differ.map(|(name, _)| name.clone()).collect()
    }

    /// How a method of this name takes its receiver, when all definitions agree.
    pub fn receiver(&self, method: &str) -> Option<Receiver> {
        self.known.get(method).copied().flatten()
    }
}

impl ValueFacts {
    /// A reference that may be copied.
    pub const SHARED: Self = Self::new(true, false, Some(Shape::Reference));
    /// A reference that may not.
    pub const EXCLUSIVE: Self = Self::new(false, false, Some(Shape::Reference));
    /// A number, a `bool`.
    pub const PRIMITIVE: Self = Self::new(true, false, Some(Shape::Primitive));
    /// Copied, with methods that borrow.
    pub const PLAIN: Self = Self::new(true, false, None);
    /// Not copied, dropped.
    pub const OWNED: Self = Self::new(false, true, None);
    /// Not copied, dropped, reached through by `deref`.
    pub const SMART: Self = Self::new(false, true, Some(Shape::Smart));
    /// Not copied, without a destructor.
    pub const INERT: Self = Self::new(false, false, None);

    const fn new(copy: bool, needs_drop: bool, shape: Option<Shape>) -> Self {
        Self { copy: Some(copy), needs_drop: Some(needs_drop), shape }
    }

    /// Known to be `Copy`.
    pub fn is_copy(self) -> bool {
        self.copy == Some(true)
    }

    /// Not known to lack a destructor.
    pub fn may_need_drop(self) -> bool {
        self.needs_drop != Some(false) && !self.is_copy()
    }

    /// A reference or pointer.
    pub fn is_reference(self) -> bool {
        self.shape == Some(Shape::Reference)
    }

    /// Fills what is not known here from `other`.
    pub fn or(self, other: Self) -> Self {
        Self {
            copy: self.copy.or(other.copy),
            needs_drop: self.needs_drop.or(other.needs_drop),
            shape: self.shape.or(other.shape),
        }
    }

    /// Reads a type as rustc or the user writes it: `std::sync::MutexGuard<'_, u8>`, `&str`.
    pub fn from_type(text: &str) -> Self {
        Self::read(text.trim(), 0)
    }

    fn read(text: &str, depth: u32) -> Self {
        if depth > 16 {
            return Self::default();
        }
        if let Some(rest) = text.strip_prefix('&') {
            return Self::of_reference(rest);
        }
        if text.starts_with("*const ") || text.starts_with("*mut ") {
            return Self::SHARED;
        }
        if text == "!" {
            return Self::PRIMITIVE;
        }
        if let Some(inside) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            let parts = split_commas(inside);
            if parts.len() == 1 && !inside.trim_end().ends_with(',') {
                return Self::read(inside.trim(), depth + 1);
            }
            return Self::of_parts(&parts, depth);
        }
        if let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            let element = inside.rsplit_once(';').map_or(inside, |(element, _)| element);
            return Self { shape: None, ..Self::read(element.trim(), depth + 1) };
        }
        let is_fn = ["fn(", "unsafe fn(", "extern "].iter().any(|start| text.starts_with(start));
        if is_fn || text.starts_with("for<") && text.contains(" fn(") {
            return Self::PLAIN;
        }
        if text.starts_with("impl ") || text.starts_with("dyn ") {
            let shape = has_call_once(text).then_some(Shape::Once);
            return Self { copy: Some(false), shape, ..Self::default() };
        }
        Self::of_path(text, depth)
    }

    fn of_reference(rest: &str) -> Self {
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix('\'') {
            Some(named) => named.trim_start_matches(|c: char| {
                c.is_alphanumeric() || c == '_' || c == '{' || c == '}'
            }),
            None => rest,
        };
        if rest.trim_start().starts_with("mut ") { Self::EXCLUSIVE } else { Self::SHARED }
    }

    fn of_parts(parts: &[&str], depth: u32) -> Self {
        let mut all = Self::PLAIN;
        for part in parts {
            let part = Self::read(part.trim(), depth + 1);
            all.copy = both(all.copy, part.copy);
            all.needs_drop = either(all.needs_drop, part.needs_drop);
        }
        all
    }

    fn of_path(text: &str, depth: u32) -> Self {
        let (path, arguments) = match text.split_once('<') {
            Some((path, rest)) => (path, rest.strip_suffix('>').unwrap_or(rest)),
            None => (text, ""),
        };
        let path = path.trim().trim_end_matches("::");
        let name = path.rsplit("::").next().unwrap_or(path);
        let borrows = arguments.trim_start().starts_with('\'');
        let arguments: Vec<&str> = split_commas(arguments)
            .into_iter()
            .filter(|argument| !argument.trim_start().starts_with('\''))
            .collect();
        match name {
            "bool" | "char" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16"
            | "i32" | "i64" | "i128" | "isize" | "f32" | "f64" => Self::PRIMITIVE,
            "Duration" | "Instant" | "SystemTime" | "SocketAddr" | "SocketAddrV4"
            | "SocketAddrV6" | "IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "Ordering" | "TypeId"
            | "PhantomData" | "ThreadId" | "Uuid" | "StatusCode" | "Infallible" | "Layout"
            | "Arguments" | "Argument" | "NonNull" | "ErrorKind" | "Location" | "Discriminant"
            | "RawFd" | "ResumeTy" => Self::PLAIN,
            "AtomicBool" | "AtomicU8" | "AtomicU16" | "AtomicU32" | "AtomicU64" | "AtomicUsize"
            | "AtomicI8" | "AtomicI16" | "AtomicI32" | "AtomicI64" | "AtomicIsize"
            | "AtomicPtr" | "RangeFull" | "ManuallyDrop" | "MaybeUninit" => Self::INERT,
            // Those of others have the same names, but no lifetime.
            "Chars" | "CharIndices" | "Bytes" | "Lines" | "Iter" | "IterMut" | "Context"
                if borrows =>
            {
                Self::INERT
            }
            "Box" if arguments.first().is_some_and(|it| has_call_once(it)) => {
                Self { shape: Some(Shape::Once), ..Self::OWNED }
            }
            "Box" => Self { shape: Some(Shape::Reference), ..Self::OWNED },
            "String"
            | "Vec"
            | "Arc"
            | "Rc"
            | "MutexGuard"
            | "RwLockReadGuard"
            | "RwLockWriteGuard"
            | "OwnedMutexGuard"
            | "OwnedRwLockReadGuard"
            | "OwnedRwLockWriteGuard"
            | "MappedMutexGuard"
            | "RefMut"
            | "Ref"
            | "PathBuf"
            | "OsString"
            | "CString"
            | "LazyLock"
            | "BytesMut" => Self::SMART,
            "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" | "VecDeque" | "BinaryHeap"
            | "Sender" | "Receiver" | "UnboundedSender" | "UnboundedReceiver" | "JoinHandle"
            | "Weak" | "TcpStream" | "TcpListener" | "UdpSocket" | "File" | "Command" | "Child"
            | "CancellationToken" | "Sleep" | "Interval" => Self::OWNED,
            "Option" | "Result" | "Poll" | "ControlFlow" | "Wrapping" | "Reverse" | "Bound"
            | "Saturating" => Self { shape: None, ..Self::of_parts(&arguments, depth) },
            "Cell" | "RefCell" | "UnsafeCell" | "Range" | "RangeInclusive" | "RangeFrom"
            | "Mutex" | "RwLock" | "OnceCell" | "Rev" | "Enumerate" | "Take" | "Skip" => {
                Self { copy: Some(false), shape: None, ..Self::of_parts(&arguments, depth) }
            }
            "Pin" => {
                let inner = Self::of_parts(&arguments, depth);
                Self { shape: Some(Shape::Smart), ..inner }
            }
            _ => Self::default(),
        }
    }
}

/// Whether bounds name `FnOnce` (or `AsyncFnOnce`).
pub(super) fn has_call_once(bounds: &str) -> bool {
    bounds.contains("FnOnce(")
}

fn both(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn either(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// Splits at the commas that lie in no bracket.
pub(super) fn split_commas(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut previous) = (0_i32, 0, ' ');
    for (offset, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' if previous == '-' => {}
            '>' | ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.extend(text.get(start..offset));
                start = offset + 1;
            }
            _ => {}
        }
        previous = c;
    }
    parts.extend(text.get(start..).filter(|rest| !rest.trim().is_empty()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, copy: Option<bool>, needs_drop: Option<bool>) {
        let facts = ValueFacts::from_type(text);
        assert_eq!((facts.copy, facts.needs_drop), (copy, needs_drop), "{text}");
    }

    #[test]
    fn types_that_are_copied() {
        for text in
            ["u8", "&str", "&'a [u8]", "*mut T", "(u8, &str)", "()", "Option<&'_ T>", "[u8; 4]"]
        {
            check(text, Some(true), Some(false));
        }
    }

    #[test]
    fn types_that_are_dropped() {
        for text in
            ["String", "std::sync::MutexGuard<'_, u8>", "(u8, String)", "Option<Box<dyn E>>"]
        {
            check(text, Some(false), Some(true));
        }
    }

    #[test]
    fn references_that_are_neither() {
        check("&mut Vec<u8>", Some(false), Some(false));
        check("&'a mut Größe", Some(false), Some(false));
        check("Cell<u8>", Some(false), Some(false));
        check("Context<'_>", Some(false), Some(false));
        check("Context", None, None);
    }

    #[test]
    fn unknown_types_stay_unknown() {
        check("T", None, None);
        check("Größe", None, None);
        check("", None, None);
    }
}
