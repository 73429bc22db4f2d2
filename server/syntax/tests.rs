//! Tests of the analysis: a text with what is held under each `await`, or one line a case.

mod bodies;
mod control_flow;
mod macros;
mod robustness;
mod table;

use ra_ap_syntax::{Edition, TextRange};

use super::{AsyncBody, Crossing, Facts, Origin, analyse_with};

/// Checks a text whose awaits are labelled in the next line with what they hold:
///
/// ```text
/// io().await;
///    //^^^^^ guard, map
/// ```
///
/// A temporary is labelled with its expression, `-` says that nothing is held.
#[track_caller]
fn check(edition: Edition, annotated: &str) {
    check_with(edition, &Facts::default(), annotated);
}

#[track_caller]
fn check_with(edition: Edition, facts: &Facts, annotated: &str) {
    let is_label = |line: &&str| line.trim_start().starts_with("//^");
    let text: String =
        annotated.lines().filter(|line| !is_label(line)).map(|line| format!("{line}\n")).collect();
    let bodies = analyse_with(&text, edition, facts);
    let mut labels: Vec<(usize, String)> = Vec::new();
    for body in &bodies {
        for (index, at) in body.awaits.iter().enumerate() {
            let start = usize::from(at.start());
            let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let column = text[line_start..start].chars().count().saturating_sub(2);
            let width = text[*at].chars().take_while(|c| *c != '\n').count();
            let label = format!(
                "{}//{} {}",
                " ".repeat(column),
                "^".repeat(width),
                held(&text, body, index)
            );
            labels.push((start, label));
        }
    }
    labels.sort();
    let mut actual = String::new();
    let mut offset = 0;
    for line in text.lines() {
        actual.push_str(&format!("{line}\n"));
        let end = offset + line.len();
        for (_, label) in labels.iter().filter(|(at, _)| (offset..=end).contains(at)) {
            actual.push_str(&format!("{label}\n"));
        }
        offset = end + 1;
    }
    let expected: String = annotated.lines().map(|line| format!("{line}\n")).collect();
    assert!(actual == expected, "expected:\n{expected}\nactual:\n{actual}");
}

/// Checks one-line bodies, each with what its awaits hold: `//= a, b | -`.
#[track_caller]
fn check_lines(edition: Edition, cases: &str) {
    let mut actual = String::new();
    for line in cases.lines().map(str::trim).filter(|line| !line.starts_with("//=")) {
        if line.is_empty() || line.starts_with("// ") {
            actual.push_str(&format!("{line}\n"));
            continue;
        }
        let text = format!("async fn case() {{ {line} }}");
        let text = if line.contains("async fn f(") { line.to_owned() } else { text };
        let bodies = analyse_with(&text, edition, &Facts::default());
        let awaits = bodies.first().into_iter().flat_map(|body| {
            (0..body.awaits.len()).map(|index| held(&text, body, index)).collect::<Vec<_>>()
        });
        let awaits: Vec<String> = awaits.collect();
        actual.push_str(&format!("{line}\n{}\n", format!("//= {}", awaits.join(" | ")).trim_end()));
    }
    let expected: String = cases.lines().map(|line| format!("{}\n", line.trim())).collect();
    assert!(actual == expected, "expected:\n{expected}\nactual:\n{actual}");
}

/// What one await of a body holds, captures left out.
fn held(text: &str, body: &AsyncBody, index: usize) -> String {
    let crossings = body
        .crossings
        .iter()
        .filter(|it| it.origin != Origin::Capture && it.awaits.contains(&index));
    let names: Vec<String> = crossings.map(|it| label(text, it)).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

fn label(text: &str, crossing: &Crossing) -> String {
    let source: TextRange = crossing.range;
    crossing
        .name
        .clone()
        .unwrap_or_else(|| text[source].split_whitespace().collect::<Vec<_>>().join(" "))
}
