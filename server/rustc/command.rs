//! The exact rustc command of a unit, as `cargo check -vv` prints it.
//!
//! cargo writes ``     Running `A=1 B='x y' /path/rustc --crate-name app src/main.rs ..` `` to
//! stderr, shell-quoted, before it starts the compiler (1.64 to 1.95). Reading it changes no
//! fingerprint, which a wrapper would. A value may have several lines (the package's description
//! is one), and so has the message then.

use camino::Utf8Path;

use crate::problem::{TargetKind, Unit};

const RUNNING: &str = "Running `";

/// A message with more lines than this is no compiler call.
const LINES_MAX: usize = 500;

/// Reads cargo's stderr line by line.
#[derive(Debug, Default)]
pub struct CargoReader {
    /// The beginning of a message that goes on.
    begun: Vec<String>,
}

/// What a line of cargo's stderr is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CargoLine {
    /// A compiler call, or the end of one.
    Command(RustcCommand),
    /// Part of a message that goes on.
    Unfinished,
    /// Anything else.
    Other,
}

impl CargoReader {
    /// Reads the next line.
    pub fn read(&mut self, line: &str) -> CargoLine {
        if line.contains(RUNNING) {
            self.begun.clear();
        } else if self.begun.is_empty() {
            return CargoLine::Other;
        }
        self.begun.push(line.to_owned());
        let words = words(&self.begun.join("\n"));
        if words.is_none() && self.begun.len() < LINES_MAX {
            return CargoLine::Unfinished;
        }
        self.begun.clear();
        // Build scripts are run, too.
        words.and_then(RustcCommand::from_words).map_or(CargoLine::Other, CargoLine::Command)
    }
}

/// The words of a message that cargo runs something; `None` when it goes on.
fn words(message: &str) -> Option<Vec<String>> {
    let (_, rest) = message.split_once(RUNNING)?;
    shlex::split(rest.trim_end().strip_suffix('`')?)
}

/// One compiler call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RustcCommand {
    /// rustc, or the wrapper that calls it.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What cargo adds to the environment.
    pub env: Vec<(String, String)>,
}

impl RustcCommand {
    /// `None` when it is no compiler call.
    fn from_words(words: Vec<String>) -> Option<Self> {
        let mut words = words.into_iter().peekable();
        let mut env = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|word| assignment(word)) {
            env.push((name, value));
            words.next();
        }
        let program = words.next()?;
        let args: Vec<String> = words.collect();
        args.iter().any(|arg| arg == "--crate-name").then_some(Self { program, args, env })
    }

    /// Whether this call compiles a unit, in its test form or not. Tests and benchmarks have one
    /// form: without `--test`, where they bring a harness of their own.
    pub fn compiles(&self, unit: &Unit, test_form: bool, root: &Utf8Path) -> bool {
        let is_test = self.args.iter().any(|arg| arg == "--test");
        let has_one_form = matches!(unit.kind, TargetKind::Test | TargetKind::Bench);
        let source = self.args.iter().any(|arg| {
            arg.ends_with(".rs") && root.join(arg) == unit.src || unit.src.as_str() == arg
        });
        let name = self.value_of("--crate-name").unwrap_or_default();
        source && (has_one_form || is_test == test_form) && name == unit.target.replace('-', "_")
    }

    /// The unit's root file, as cargo names it.
    pub fn source(&self) -> Option<&str> {
        self.args.iter().map(String::as_str).find(|arg| arg.ends_with(".rs"))
    }

    /// The lints that the call itself turns into errors.
    pub fn denied_lints(&self) -> impl Iterator<Item = &str> {
        let after = self.args.iter().skip(1).map(Some).chain([None]);
        self.args.iter().zip(after).filter_map(|(arg, next)| match arg.as_str() {
            "-D" | "--deny" | "-F" | "--forbid" => next.map(String::as_str),
            _ => {
                let flags = ["-D", "-F", "--deny=", "--forbid="];
                flags.iter().find_map(|flag| arg.strip_prefix(flag))
            }
        })
    }

    /// The value after a flag.
    pub fn value_of(&self, flag: &str) -> Option<&str> {
        let at = self.args.iter().position(|arg| arg == flag)?;
        self.args.get(at + 1).map(String::as_str)
    }

    /// The names of the crates that the unit is compiled against, as their files have them.
    pub fn dependencies(&self) -> impl Iterator<Item = &str> {
        let files = self.args.iter().filter_map(|arg| arg.rsplit_once('/'));
        files.filter_map(|(_, file)| {
            let (stem, extension) = file.rsplit_once('.')?;
            let is_library = ["rmeta", "rlib", "so", "dylib", "dll"].contains(&extension);
            let name = stem.strip_prefix("lib").unwrap_or(stem);
            is_library.then_some(name.rsplit_once('-')?.0)
        })
    }

    /// The edition of the unit, as `--edition=2021` says it.
    pub fn edition(&self) -> Option<&str> {
        self.args.iter().find_map(|arg| arg.strip_prefix("--edition="))
    }

    /// The name of the file that lists the unit's sources, in the call's output directory.
    pub fn dep_info_name(&self) -> Option<String> {
        let name = self.value_of("--crate-name")?;
        let extra = self.args.iter().find_map(|arg| arg.strip_prefix("extra-filename="));
        Some(format!("{name}{}.d", extra.unwrap_or_default()))
    }

    /// The same call with its outputs redirected: metadata and the list of source files only,
    /// into `out_dir`. It shares cargo's incremental cache; where cargo uses none, `incremental`
    /// is one.
    pub fn redirected(&self, out_dir: &Utf8Path, incremental: &Utf8Path) -> Self {
        let mut args = Vec::with_capacity(self.args.len() + 4);
        let mut is_incremental = false;
        let mut words = self.args.iter();
        while let Some(arg) = words.next() {
            match arg.as_str() {
                "--out-dir" => {
                    words.next();
                }
                _ if arg.starts_with("--emit") => {}
                _ => {
                    is_incremental |= arg.trim_start_matches("-C").starts_with("incremental=");
                    args.push(arg.clone());
                }
            }
        }
        args.push("--emit=dep-info,metadata".to_owned());
        args.extend(["--out-dir".to_owned(), out_dir.to_string()]);
        if !is_incremental {
            args.extend(["-C".to_owned(), format!("incremental={incremental}")]);
        }
        Self { program: self.program.clone(), args, env: self.env.clone() }
    }
}

fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    (is_name && !name.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| (name.to_owned(), value.to_owned()))
}

/// Arguments of `cargo check` that say *how* to build, not *what*: they must be repeated when
/// the same unit is asked for again.
pub fn build_args(args: &[String]) -> Vec<String> {
    const WITH_VALUE: &[&str] = &[
        "--features",
        "-F",
        "--target",
        "--profile",
        "--config",
        "--target-dir",
        "-Z",
        "--jobs",
        "-j",
        "--lockfile-path",
    ];
    const ALONE: &[&str] = &[
        "--all-features",
        "--no-default-features",
        "--release",
        "-r",
        "--offline",
        "--locked",
        "--frozen",
        "--ignore-rust-version",
    ];
    let mut kept = Vec::new();
    let mut words = args.iter();
    while let Some(arg) = words.next() {
        if WITH_VALUE.contains(&arg.as_str()) {
            kept.push(arg.clone());
            kept.extend(words.next().cloned());
        } else if ALONE.contains(&arg.as_str())
            || WITH_VALUE.iter().any(|flag| arg.starts_with(&format!("{flag}=")))
        {
            kept.push(arg.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "     Running `CARGO=/bin/cargo CARGO_PKG_DESCRIPTION='an app: \"it'\\''s\"' \
        /bin/rustc --crate-name app --edition=2021 src/main.rs --emit=dep-info,metadata \
        -C embed-bitcode=no --out-dir /t/debug/deps -C incremental=/t/debug/incremental \
        --check-cfg 'cfg(feature, values(\"a b\"))'`";

    fn command() -> RustcCommand {
        read(LINE)
    }

    fn read(line: &str) -> RustcCommand {
        words(line).and_then(RustcCommand::from_words).unwrap()
    }

    #[test]
    fn a_line_of_cargo_is_taken_apart() {
        let command = command();
        assert_eq!(command.program, "/bin/rustc");
        assert_eq!(command.env[1].1, "an app: \"it's\"");
        assert_eq!(command.value_of("--crate-name"), Some("app"));
        assert_eq!((command.edition(), command.source()), (Some("2021"), Some("src/main.rs")));
        assert_eq!(command.args.last().unwrap(), "cfg(feature, values(\"a b\"))");
    }

    #[test]
    fn outputs_are_redirected() {
        let redirected = |it: RustcCommand| it.redirected("/o".into(), "/i".into()).args.join(" ");
        let text = redirected(command());
        assert!(!text.contains("/t/debug/deps"), "{text}");
        assert!(text.ends_with("--emit=dep-info,metadata --out-dir /o"), "{text}");
        assert!(text.contains("-C embed-bitcode=no -C incremental=/t/debug/inc"), "{text}");
        let without = read(&LINE.replace(" -C incremental=/t/debug/incremental", ""));
        assert!(redirected(without).ends_with("--out-dir /o -C incremental=/i"));
    }

    #[test]
    fn tests_with_a_harness_of_their_own_are_found() {
        let unit = |kind| Unit {
            package_id: "p".into(),
            package: "app".into(),
            target: "app".into(),
            kind,
            src: "/ws/src/main.rs".into(),
            edition: "2021".into(),
        };
        let command = command();
        assert!(command.compiles(&unit(TargetKind::Bench), false, "/ws".into()));
        assert!(command.compiles(&unit(TargetKind::Bin), false, "/ws".into()));
        assert!(!command.compiles(&unit(TargetKind::Bin), true, "/ws".into()));
    }

    #[test]
    fn dependencies_are_read_from_their_files() {
        let files = ["a=/t/deps/liba_b-0f1.rmeta", "noprelude:c=/t/libc-2.rlib", "d=/t/d-3.dll"];
        let args = ["--extern"].iter().chain(&files).map(|it| (*it).to_owned()).collect();
        let command = RustcCommand { args, ..command() };
        assert_eq!(command.dependencies().collect::<Vec<_>>(), ["a_b", "c", "d"]);
    }

    #[test]
    fn other_lines_are_not_commands() {
        for line in ["   Compiling app", "     Running `/t/build-script-build`"] {
            assert_eq!(CargoReader::default().read(line), CargoLine::Other, "{line}");
        }
    }

    #[test]
    fn a_description_of_several_lines_is_part_of_the_message() {
        let mut reader = CargoReader::default();
        let lines =
            LINE.replace("an app:", "żółw `a`\n\n  it's `b`\nan app:".replace('\'', "").as_str());
        let read: Vec<CargoLine> = lines.lines().map(|line| reader.read(line)).collect();
        let [CargoLine::Unfinished, CargoLine::Unfinished, CargoLine::Unfinished, last] = &read[..]
        else {
            panic!("{read:?}");
        };
        let CargoLine::Command(command) = last else { panic!("{last:?}") };
        assert_eq!(command.env[1].1, "żółw `a`\n\n  its `b`\nan app: \"it's\"");
        assert_eq!(reader.read("    Finished"), CargoLine::Other);
    }

    #[test]
    fn a_message_that_never_ends_swallows_nothing_else() {
        let mut reader = CargoReader::default();
        assert_eq!(reader.read("     Running `/t/build-script-build`"), CargoLine::Other);
        assert_eq!(reader.read("     Running `A='x"), CargoLine::Unfinished);
        assert!(matches!(reader.read(LINE), CargoLine::Command(_)));
    }

    #[test]
    fn what_to_build_is_dropped_and_how_is_kept() {
        let args = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            build_args(&args("-p app --features a,b --bin x --release --target=wasm32 --tests")),
            args("--features a,b --release --target=wasm32"),
        );
    }
}
