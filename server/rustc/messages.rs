//! One line of compiler JSON, from cargo (`--message-format=json`) or from rustc
//! (`--error-format=json`).
//!
//! Build systems other than cargo print rustc's objects bare; those become diagnostics of an
//! anonymous unit.

use cargo_metadata::{CompilerMessage, Message, Target, diagnostic::Diagnostic};

use crate::problem::{TargetKind, Unit};

/// A diagnostic and the unit that it is about.
#[derive(Debug, Clone)]
pub struct UnitDiagnostic {
    /// The cargo target.
    pub unit: Unit,
    /// rustc's words.
    pub diagnostic: Diagnostic,
}

/// What one line says.
#[derive(Debug, Clone)]
pub enum Line {
    /// rustc spoke about a unit.
    Diagnostic(Box<UnitDiagnostic>),
    /// A unit compiled (or was fresh): whatever was said of it before is over.
    Compiled(Box<Unit>),
    /// The last line of a cargo run.
    Finished {
        /// Whether every unit compiled.
        success: bool,
    },
    /// A line that carries nothing for us, or that does not parse.
    Noise,
}

/// Reads one line. Broken lines are noise: a truncated stream must not stop the reader.
pub fn parse_line(line: &str) -> Line {
    let line = line.trim();
    if !line.starts_with('{') {
        return Line::Noise;
    }
    match serde_json::from_str(line) {
        Ok(Message::CompilerMessage(message)) => diagnostic(message),
        Ok(Message::CompilerArtifact(artifact)) => {
            Line::Compiled(Box::new(unit(artifact.package_id.to_string(), &artifact.target)))
        }
        Ok(Message::BuildFinished(finished)) => Line::Finished { success: finished.success },
        Ok(_) => Line::Noise,
        Err(_) => bare_diagnostic(line),
    }
}

fn diagnostic(message: CompilerMessage) -> Line {
    let CompilerMessage { package_id, target, message, .. } = message;
    let unit = unit(package_id.to_string(), &target);
    Line::Diagnostic(Box::new(UnitDiagnostic { unit, diagnostic: message }))
}

fn bare_diagnostic(line: &str) -> Line {
    let Ok(diagnostic) = serde_json::from_str::<Diagnostic>(line) else {
        return Line::Noise;
    };
    let unit = Unit::anonymous();
    Line::Diagnostic(Box::new(UnitDiagnostic { unit, diagnostic }))
}

fn unit(package_id: String, target: &Target) -> Unit {
    Unit {
        package: package_name(&package_id),
        package_id,
        target: target.name.clone(),
        kind: target_kind(target),
        src: target.src_path.clone(),
        edition: target.edition.to_string(),
    }
}

fn target_kind(target: &Target) -> TargetKind {
    if target.is_bin() {
        TargetKind::Bin
    } else if target.is_example() {
        TargetKind::Example
    } else if target.is_test() {
        TargetKind::Test
    } else if target.is_bench() {
        TargetKind::Bench
    } else if target.is_custom_build() {
        TargetKind::BuildScript
    } else {
        TargetKind::Lib
    }
}

/// The name in a package id. Ids are `path+file:///dir/name#1.0.0`, `…/dir#name@1.0.0` (cargo
/// 1.77 and later) or `name 1.0.0 (path+file:///dir)` (before).
fn package_name(package_id: &str) -> String {
    let name = match package_id.split_once('#') {
        Some((_, fragment)) if fragment.contains('@') => fragment.split('@').next(),
        Some((url, _)) => url.split('?').next().and_then(|url| url.rsplit('/').next()),
        None => package_id.split(' ').next(),
    };
    name.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names_of_every_id_format() {
        for (id, name) in [
            ("path+file:///w/app#0.1.0", "app"),
            ("path+file:///w/dir#app@0.1.0", "app"),
            ("app 0.1.0 (path+file:///w/dir)", "app"),
            ("registry+https://example.org/index#tokio@1.0.0", "tokio"),
        ] {
            assert_eq!(package_name(id), name, "{id}");
        }
    }

    #[test]
    fn broken_lines_are_noise() {
        for line in ["", "   Compiling app", "{\"reason\":\"compiler-mess", "{}", "[1]", "\u{0}"] {
            assert!(matches!(parse_line(line), Line::Noise), "{line:?}");
        }
    }
}
