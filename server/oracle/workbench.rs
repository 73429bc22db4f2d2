//! Runs cargo and rustc on texts in the overlay, with a target directory of our own.
//!
//! The target directory starts as a clone of the user's: dependencies are hard-linked, cargo's
//! small records are copied with their times, so cargo finds everything fresh but the units whose
//! text differs. No lock of the user's target directory is taken and nothing in it changes.

use std::{
    collections::{HashSet, VecDeque},
    fs,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

use super::{CargoSettings, base::Bases, overlay::Overlay, seed::seed};
use crate::{
    problem::Span,
    process::{self, Job, Pipe},
    rustc::{CargoLine, CargoReader, Line, RustcCommand, UnitDiagnostic, parse_line},
    sources::Sources,
};

/// One cargo run may build dependencies first.
const CARGO_DEADLINE: Duration = Duration::from_secs(30 * 60);
/// One unit; big crates take minutes.
const RUSTC_DEADLINE: Duration = Duration::from_secs(10 * 60);

/// Whether cargo may stop where it would start this compiler.
type Wanted<'a> = &'a (dyn Fn(&RustcCommand) -> bool + Send + Sync);

/// What a cargo run over the workspace said.
#[derive(Debug, Clone, Default)]
pub(super) struct Survey {
    /// The compiler calls of every unit that was not fresh.
    pub(super) commands: Vec<RustcCommand>,
    /// Errors and warnings of the family or not, twins included.
    pub(super) diagnostics: Vec<UnitDiagnostic>,
}

/// The overlay and its target directory.
#[derive(Debug)]
pub(super) struct Workbench {
    overlay: Overlay,
    target_dir: Utf8PathBuf,
    user_target_dir: Utf8PathBuf,
    settings: CargoSettings,
    memory: Memory,
    built: Built,
    bases: Bases,
}

/// What units of the workspace are compiled against.
#[derive(Debug, Default)]
struct Built {
    last: Option<Build>,
    /// The crates that cargo ever compiled here.
    crates: HashSet<String>,
}

/// A run of cargo.
#[derive(Debug)]
struct Build {
    texts: Sources,
    /// The unit before which cargo was stopped: of all others it is not known what they need.
    only_for: Option<RustcCommand>,
}

impl Built {
    /// Whether a unit would be compiled against other texts than these: it would answer for a
    /// question that nobody asked. `own` are its files.
    fn is_outdated(
        &self,
        texts: &Sources,
        command: &RustcCommand,
        own: &HashSet<Utf8PathBuf>,
    ) -> bool {
        let ours = |name: &str| self.crates.contains(name);
        let changed = |build: &Build| {
            build.only_for.as_ref().is_some_and(|unit| unit != command)
                || build.texts.changed_files(texts).any(|(file, _)| !own.contains(file))
        };
        command.dependencies().any(ours) && self.last.as_ref().is_some_and(changed)
    }
}

/// Answers to questions that come again: several problems often have one fix.
#[derive(Debug, Default)]
struct Memory {
    compiled: VecDeque<(Sources, RustcCommand, Vec<Diagnostic>)>,
    surveyed: VecDeque<(Sources, Survey)>,
}

impl Memory {
    /// Texts are shared, diagnostics are small; few are asked for again much later.
    const LENGTH: usize = 192;

    fn keep<T>(answers: &mut VecDeque<T>, answer: T) {
        if answers.len() == Self::LENGTH {
            answers.pop_front();
        }
        answers.push_back(answer);
    }
}

impl Workbench {
    pub(super) fn new(
        root: &Utf8Path,
        user_target_dir: &Utf8Path,
        settings: &CargoSettings,
    ) -> Result<Self> {
        let overlay = Overlay::new(root)?;
        let target_dir = overlay.private_dir("target")?;
        let bench = Self {
            overlay,
            target_dir,
            user_target_dir: user_target_dir.to_owned(),
            settings: settings.clone(),
            memory: Memory::default(),
            built: Built::default(),
            bases: Bases::default(),
        };
        // Without the clone everything still works; dependencies are just built once more.
        if let Err(error) = seed(&bench.user_target_dir, &bench.target_dir, &bench.settings.args) {
            tracing::warn!(%error, "cannot clone the target directory");
        }
        Ok(bench)
    }

    /// The overlay's workspace root: rustc's relative paths start here.
    pub(super) fn root(&self) -> &Utf8Path {
        self.overlay.root()
    }

    /// Forgets what was answered: what texts do not show may have changed, too.
    pub(super) fn forget(&mut self) {
        self.memory = Memory::default();
    }

    /// Checks the whole selection with cargo.
    pub(super) async fn survey(&mut self, texts: &Sources) -> Result<Survey> {
        if let Some((_, survey)) = self.memory.surveyed.iter().find(|(known, _)| known == texts) {
            return Ok(survey.clone());
        }
        self.run_cargo(texts, &|_| false).await
    }

    /// How cargo compiles units: it is let go as soon as it starts one that is wanted, and so has
    /// built all that this one needs.
    pub(super) async fn commands(
        &mut self,
        texts: &Sources,
        is_wanted: Wanted<'_>,
    ) -> Result<Vec<RustcCommand>> {
        if let Some((_, survey)) = self.memory.surveyed.iter().find(|(known, _)| known == texts) {
            return Ok(survey.commands.clone());
        }
        Ok(self.run_cargo(texts, is_wanted).await?.commands)
    }

    async fn run_cargo(&mut self, texts: &Sources, is_wanted: Wanted<'_>) -> Result<Survey> {
        let start = Instant::now();
        self.overlay.show(texts)?;
        self.overlay.copy_lock_file()?;
        let mut args: Vec<String> =
            ["check", "-vv", "--message-format=json", "--keep-going"].map(str::to_owned).into();
        args.extend(self.settings.args.iter().cloned());
        let job = Job {
            program: self.settings.cargo_program(),
            args,
            env: self.environment(),
            cwd: self.overlay.root().to_owned(),
            deadline: CARGO_DEADLINE,
            gentle: true,
        };
        let mut survey = Survey::default();
        let mut reader = CargoReader::default();
        let mut complaints = String::new();
        let mut finished = false;
        let exit = process::run(&job, &mut |pipe, line| {
            match pipe {
                Pipe::Stdout => match parse_line(line) {
                    Line::Diagnostic(diagnostic) => survey.diagnostics.push(*diagnostic),
                    Line::Finished { .. } => finished = true,
                    Line::Compiled(_) | Line::Noise => {}
                },
                Pipe::Stderr => match reader.read(line) {
                    CargoLine::Command(command) => {
                        let is_enough = is_wanted(&command);
                        survey.commands.push(command);
                        if is_enough {
                            return ControlFlow::Break(());
                        }
                    }
                    CargoLine::Unfinished => {}
                    CargoLine::Other => note_complaint(&mut complaints, line),
                },
            }
            ControlFlow::Continue(())
        })
        .await?;
        let crates = survey.commands.iter().filter_map(|it| it.value_of("--crate-name"));
        self.built.crates.extend(crates.map(str::to_owned));
        tracing::debug!(ms = start.elapsed().as_millis(), "asked cargo");
        let was_stopped = exit.is_none();
        let only_for = survey.commands.last().filter(|_| was_stopped).cloned();
        self.built.last = Some(Build { texts: texts.clone(), only_for });
        if was_stopped {
            return Ok(survey);
        }
        if !finished {
            bail!("cargo could not check the workspace: {}", complaints.trim());
        }
        Memory::keep(&mut self.memory.surveyed, (texts.clone(), survey.clone()));
        Ok(survey)
    }

    /// Before a unit is asked once more for something that makes it fail: what it can be compiled
    /// with faster, if that is worth it. These texts need not fail.
    pub(super) async fn prepare(&mut self, texts: &Sources, command: &RustcCommand) -> Result<()> {
        if self.bases.lacks(command) {
            self.compile(texts, command).await?;
        }
        Ok(())
    }

    /// What a unit will be said to have, before it is compiled for the first time.
    pub(super) fn expect(&mut self, texts: &Sources, command: &RustcCommand, errors: &[Span]) {
        self.bases.expect(command, texts, errors);
    }

    /// Compiles one unit, up to metadata, and returns its errors and warnings.
    pub(super) async fn compile(
        &mut self,
        texts: &Sources,
        command: &RustcCommand,
    ) -> Result<Vec<Diagnostic>> {
        let mut known = self.memory.compiled.iter();
        if let Some((.., said)) = known.find(|(old, by, _)| by == command && old == texts) {
            return Ok(said.clone());
        }
        if self.built.is_outdated(texts, command, &self.files_of(command)) {
            self.run_cargo(texts, &|unit| unit == command).await?;
        }
        if let Some(base) = self.bases.wanted(command, self.overlay.root()) {
            // Whatever comes of it, the question is another.
            if let Err(error) = self.run_rustc(&base, command).await {
                tracing::debug!(%error, "no compilation to start from");
            }
        }
        let said = self.run_rustc(texts, command).await?;
        Memory::keep(&mut self.memory.compiled, (texts.clone(), command.clone(), said.clone()));
        Ok(said)
    }

    async fn run_rustc(
        &mut self,
        texts: &Sources,
        command: &RustcCommand,
    ) -> Result<Vec<Diagnostic>> {
        let start = Instant::now();
        self.overlay.show(texts)?;
        let out_dir = self.overlay.private_dir("out")?;
        let incremental = self.overlay.private_dir("incremental")?;
        let RustcCommand { program, args, mut env } = command.redirected(&out_dir, &incremental);
        env.extend(self.settings.env.iter().cloned());
        let cwd = self.overlay.root().to_owned();
        let job = Job { program, args, env, cwd, deadline: RUSTC_DEADLINE, gentle: true };
        let mut diagnostics = Vec::new();
        let mut last_words = String::new();
        let exit = process::run(&job, &mut |pipe, line| {
            match (pipe, parse_line(line)) {
                (Pipe::Stderr, Line::Diagnostic(report)) => diagnostics.push(report.diagnostic),
                (Pipe::Stderr, _) => note_complaint(&mut last_words, line),
                (Pipe::Stdout, _) => {}
            }
            ControlFlow::Continue(())
        })
        .await?;
        let failed = exit.is_some_and(|status| !status.success());
        if failed && !diagnostics.iter().any(is_error) {
            bail!("rustc failed without a diagnostic: {}", last_words.trim());
        }
        let (unit, took) = (command.value_of("--crate-name"), start.elapsed());
        tracing::debug!(unit, failed, ms = took.as_millis(), "asked rustc");
        self.bases.learn(command, texts, &diagnostics, took, self.overlay.root());
        Ok(diagnostics)
    }

    /// The source files of a unit, relative to the workspace root, as its last compilation
    /// listed them. rustc writes the list even when the unit fails. Empty when it did not.
    pub(super) fn files_of(&self, command: &RustcCommand) -> HashSet<Utf8PathBuf> {
        let list = command.dep_info_name().and_then(|name| {
            let dir = self.overlay.private_dir("out").ok()?;
            fs::read_to_string(dir.join(name)).ok()
        });
        let list = list.unwrap_or_default();
        // Lines `FILE:` without targets name every source once; blanks are escaped.
        let files = list.lines().filter_map(|line| line.strip_suffix(':'));
        files.map(|file| Utf8PathBuf::from(file.replace("\\ ", " "))).collect()
    }

    fn environment(&self) -> Vec<(String, String)> {
        let mut env = self.settings.env.clone();
        env.push(("CARGO_TARGET_DIR".to_owned(), self.target_dir.to_string()));
        env.push(("CARGO_BUILD_BUILD_DIR".to_owned(), self.target_dir.to_string()));
        env.push(("CARGO_NET_OFFLINE".to_owned(), "true".to_owned()));
        env.push(("CARGO_TERM_COLOR".to_owned(), "never".to_owned()));
        env
    }
}

/// Whether a diagnostic stops the compilation; the closing summary does not count.
pub(super) fn is_error(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.level, DiagnosticLevel::Error | DiagnosticLevel::Ice)
        && !diagnostic.message.starts_with("aborting due to")
        && !diagnostic.message.starts_with("could not compile")
}

fn note_complaint(complaints: &mut String, line: &str) {
    let line = line.trim();
    let progress = ["Compiling", "Checking", "Fresh", "Dirty", "Running", "Finished", "Blocking"];
    if !line.is_empty() && !line.starts_with('{') && !progress.iter().any(|it| line.starts_with(it))
    {
        complaints.push_str(line);
        complaints.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(args: &[&str]) -> RustcCommand {
        let args = args.iter().map(|it| (*it).to_owned()).collect();
        RustcCommand { program: "rustc".into(), args, env: Vec::new() }
    }

    #[test]
    fn a_unit_is_outdated_when_a_crate_that_it_needs_was_built_from_other_texts() {
        let (mut texts, mut drafted) = (Sources::default(), Sources::default());
        texts.insert("src/größe.rs", "old");
        drafted.insert("src/größe.rs", "new");
        let test = command(&["--crate-name", "it", "--extern", "app=/t/deps/libapp-1f.rmeta"]);
        let lib = command(&["--crate-name", "app", "--extern", "tokio=/t/deps/libtokio-2.rmeta"]);
        let mut built = Built::default();
        let none = HashSet::new();
        assert!(!built.is_outdated(&texts, &test, &none), "nothing was built");
        built.last = Some(Build { texts: drafted.clone(), only_for: None });
        built.crates.insert("app".to_owned());
        assert!(built.is_outdated(&texts, &test, &none));
        assert!(!built.is_outdated(&drafted, &test, &none), "the same texts");
        assert!(!built.is_outdated(&texts, &lib, &none), "it needs none of ours");
        let own = HashSet::from(["src/größe.rs".into()]);
        assert!(!built.is_outdated(&texts, &test, &own), "its own files are read anyhow");
    }

    #[test]
    fn where_cargo_was_stopped_for_one_unit_another_is_outdated() {
        let mut texts = Sources::default();
        texts.insert("src/größe.rs", "same");
        let test = command(&["--crate-name", "it", "--extern", "app=/t/deps/libapp-1f.rmeta"]);
        let other = command(&["--crate-name", "other", "--extern", "app=/t/libapp-1f.rmeta"]);
        let last = Build { texts: texts.clone(), only_for: Some(test.clone()) };
        let built = Built { last: Some(last), crates: HashSet::from(["app".to_owned()]) };
        assert!(!built.is_outdated(&texts, &test, &HashSet::new()));
        assert!(built.is_outdated(&texts, &other, &HashSet::new()));
    }
}
