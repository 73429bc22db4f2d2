//! One SARIF 2.1.0 document for code scanning.
//!
//! Paths are relative to the repository (`%SRCROOT%`), columns count Unicode code points, as
//! `columnKind` says.

use std::io::{self, Write};

use camino::Utf8Path;
use serde_json::{Value, json};

use crate::problem::{Edit, Fix, Kind, Place, Problem, Span, Verdict};

/// The rules, in the order of [`Kind`].
const RULES: &[(Kind, &str)] = &[
    (Kind::HeldAcrossAwait, "A value that is not Send is alive across an await."),
    (Kind::Captured, "A future captures a value that is not Send."),
    (Kind::AwaitsNotSend, "A future awaits another that is not Send."),
    (Kind::ErrorNotSend, "An error type lacks Send and Sync."),
    (Kind::TraitFuture, "The future of a trait's async fn promises no Send."),
    (Kind::Generic, "A type parameter lacks a Send bound."),
    (Kind::ReferenceNotSync, "A future keeps a reference to a value that is not Sync."),
    (Kind::Handler, "A handler's future is not Send."),
    (Kind::NotGeneralEnough, "A future cannot be proven Send for every lifetime."),
    (Kind::LockLint, "A lock is held across an await."),
    (Kind::Other, "A future is not Send."),
];

/// Writes all problems. `prefix` is where the workspace lies in the repository.
pub(super) fn write(
    out: &mut dyn Write,
    problems: &[Problem],
    prefix: &Utf8Path,
) -> io::Result<()> {
    let results: Vec<Value> = problems.iter().map(|it| Writer { prefix }.result(it)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sendlens",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log).map_err(io::Error::from)?;
    writeln!(out)
}

fn rules() -> Vec<Value> {
    let rule = |(kind, text): &(Kind, &str)| {
        json!({
            "id": kind,
            "shortDescription": { "text": text },
            "defaultConfiguration": { "level": "error" },
        })
    };
    RULES.iter().map(rule).collect()
}

struct Writer<'a> {
    prefix: &'a Utf8Path,
}

impl Writer<'_> {
    fn result(&self, problem: &Problem) -> Value {
        let mut result = json!({
            "ruleId": problem.kind,
            "ruleIndex": RULES.iter().position(|(kind, _)| *kind == problem.kind),
            "level": if problem.lint.is_some() { "warning" } else { "error" },
            "message": { "text": text(problem) },
            "locations": [{ "physicalLocation": self.physical(problem.culprit()) }],
            "relatedLocations": self.related(problem),
            "partialFingerprints": { "sendlensProblem/v1": problem.id },
            "fixes": problem.fixes.iter().filter(|it| offered(it)).map(|it| self.fix(it))
                .collect::<Vec<_>>(),
        });
        let flow = self.flow(problem);
        if flow.len() > 1
            && let Some(fields) = result.as_object_mut()
        {
            let flow = json!([{ "threadFlows": [{ "locations": flow }] }]);
            fields.insert("codeFlows".to_owned(), flow);
        }
        result
    }

    /// The other values, the awaits and the demand.
    fn related(&self, problem: &Problem) -> Vec<Value> {
        let mut related = Vec::new();
        for (n, held) in problem.held.iter().enumerate() {
            let name = held.label();
            if n > 0 {
                related.push((&held.span, format!("`{name}` is held, too")));
            }
            for it in &held.awaits {
                related.push((&it.span, format!("`{name}` is still alive here")));
            }
        }
        if let Some(Place { what, span }) = &problem.demand {
            related.push((span, format!("{what} demands Send")));
        }
        let location = |(id, (span, text)): (usize, (&Span, String))| {
            let mut location = self.location(span, &text);
            if let Some(fields) = location.as_object_mut() {
                fields.insert("id".to_owned(), json!(id + 1));
            }
            location
        };
        related.into_iter().enumerate().map(location).collect()
    }

    /// From the demand through the async fns to the value and its first await.
    fn flow(&self, problem: &Problem) -> Vec<Value> {
        let mut steps: Vec<(&Span, String)> = Vec::new();
        if let Some(Place { what, span }) = &problem.demand {
            steps.push((span, format!("{what} demands Send")));
        }
        steps.extend(problem.path.iter().map(|it| (&it.span, it.what.clone())));
        if let Some(held) = problem.held.first() {
            steps.push((&held.span, "the value is created".to_owned()));
            let first = held.awaits.first();
            steps.extend(first.map(|it| (&it.span, "the value is still alive".to_owned())));
        }
        let step =
            |(span, text): (&Span, String)| json!({ "location": self.location(span, &text) });
        steps.into_iter().map(step).collect()
    }

    fn location(&self, span: &Span, text: &str) -> Value {
        json!({ "physicalLocation": self.physical(span), "message": { "text": text } })
    }

    fn physical(&self, span: &Span) -> Value {
        json!({ "artifactLocation": self.artifact(&span.file), "region": region(span) })
    }

    fn artifact(&self, file: &Utf8Path) -> Value {
        if file.is_absolute() {
            return json!({ "uri": format!("file://{}", uri_path(file)) });
        }
        let uri = uri_path(&self.prefix.join(file));
        json!({ "uri": uri, "uriBaseId": "%SRCROOT%" })
    }

    fn fix(&self, fix: &Fix) -> Value {
        let mut files: Vec<&Utf8Path> = Vec::new();
        for Edit { span, .. } in &fix.edits {
            if !files.contains(&span.file.as_path()) {
                files.push(&span.file);
            }
        }
        let change = |file: &Utf8Path| {
            let edits = fix.edits.iter().filter(|edit| edit.span.file == file);
            json!({
                "artifactLocation": self.artifact(file),
                "replacements": edits.map(replacement).collect::<Vec<_>>(),
            })
        };
        let changes: Vec<Value> = files.into_iter().map(change).collect();
        json!({ "description": { "text": fix.title }, "artifactChanges": changes })
    }
}

fn offered(fix: &Fix) -> bool {
    fix.verdict == Verdict::Verified && !fix.edits.is_empty()
}

fn replacement(Edit { span, new_text }: &Edit) -> Value {
    json!({ "deletedRegion": region(span), "insertedContent": { "text": new_text } })
}

fn region(Span { start, end, .. }: &Span) -> Value {
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn text(problem: &Problem) -> String {
    let why = problem.held.first().map_or(&[][..], |held| &held.why);
    let sentences = std::iter::once(&problem.message).chain(why);
    sentences.map(|it| format!("{it}.")).collect::<Vec<_>>().join(" ")
}

/// A path as RFC 3986 wants it: everything but the unreserved characters as percent and bytes.
fn uri_path(path: &Utf8Path) -> String {
    let mut uri = String::new();
    for byte in path.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            b'\\' => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::report::sample;

    const MARKED: &str = "let żółw = 1; let $vguard$. = $x1$.;\ntick().$aawait$.;\nspawn($dx$.);\n";

    fn log(problems: &[Problem]) -> Value {
        let mut out = Vec::new();
        write(&mut out, problems, "my app".into()).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_result() {
        let (problem, _) = sample::problem(MARKED, "Rc<()>");
        let log = log(&[problem]);
        let fields = log["runs"][0]["results"][0].as_object().unwrap();
        let lines: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        expect![[r#"
            codeFlows: [{"threadFlows":[{"locations":[{"location":{"message":{"text":"tokio::spawn demands Send"},"physicalLocation":{"artifactLocation":{"uri":"my%20app/src/main.rs","uriBaseId":"%SRCROOT%"},"region":{"endColumn":8,"endLine":3,"startColumn":7,"startLine":3}}}},{"location":{"message":{"text":"the value is created"},"physicalLocation":{"artifactLocation":{"uri":"my%20app/src/main.rs","uriBaseId":"%SRCROOT%"},"region":{"endColumn":24,"endLine":1,"startColumn":19,"startLine":1}}}},{"location":{"message":{"text":"the value is still alive"},"physicalLocation":{"artifactLocation":{"uri":"my%20app/src/main.rs","uriBaseId":"%SRCROOT%"},"region":{"endColumn":13,"endLine":2,"startColumn":8,"startLine":2}}}}]}]}]
            fixes: [{"artifactChanges":[{"artifactLocation":{"uri":"my%20app/src/main.rs","uriBaseId":"%SRCROOT%"},"replacements":[{"deletedRegion":{"endColumn":28,"endLine":1,"startColumn":27,"startLine":1},"insertedContent":{"text":"{ fixed }"}}]}],"description":{"text":"Enclose it in a block"}}]
            level: "error"
            locations: [{"physicalLocation":{"artifactLocation":{"uri":"my%20app/src/main.rs","uriBaseId":"%SRCROOT%"},"region":{"endColumn":24,"endLine":1,"startColumn":19,"startLine":1}}}]
            message: {"text":"`guard` of type `Rc<()>` is held across an `.await` but is not `Send`. `Rc<()>` is not `Send`: it belongs to its thread."}
            partialFingerprints: {"sendlensProblem/v1":"00c0ffee"}
            relatedLocations: [{"id":1,"message":{"text":"`guard` is still alive here"},"physicalLocation":{"artifactLocation":{"uri":"my%20app/src/main.rs","uriBaseId":"%SRCROOT%"},"region":{"endColumn":13,"endLine":2,"startColumn":8,"startLine":2}}},{"id":2,"message":{"text":"tokio::spawn demands Send"},"physicalLocation":{"artifactLocation":{"uri":"my%20app/src/main.rs","uriBaseId":"%SRCROOT%"},"region":{"endColumn":8,"endLine":3,"startColumn":7,"startLine":3}}}]
            ruleId: "held_across_await"
            ruleIndex: 0"#]].assert_eq(&lines.join("\n"));
    }

    /// What the 2.1.0 schema asks of the objects that we write.
    #[test]
    fn the_rules_of_the_schema_hold() {
        let (problem, _) = sample::problem(MARKED, "Rc<()>");
        let mut foreign = problem.clone();
        foreign.fixes.clear();
        foreign.held[0].span.file = "/registry/a b.rs".into();
        let log = log(&[problem, foreign]);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert!(run["tool"]["driver"]["name"].is_string());
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(result["message"]["text"].is_string());
            check_locations(result);
        }
    }

    /// Walks everything: regions are 1-based and ordered, URIs are escaped and relative where
    /// they have a base, arrays that must not be empty are not.
    fn check_locations(value: &Value) {
        if let Some(line) = value.get("startLine") {
            let number = |key: &str| value[key].as_u64().unwrap();
            assert!(line.as_u64().unwrap() >= 1 && number("startColumn") >= 1);
            let start = (number("startLine"), number("startColumn"));
            assert!(start <= (number("endLine"), number("endColumn")));
        }
        if let Some(uri) = value.get("uri").and_then(Value::as_str) {
            assert!(uri.is_ascii() && !uri.contains(' '), "{uri}");
            assert_ne!(value.get("uriBaseId").is_some(), uri.starts_with("file:///"), "{uri}");
        }
        for key in ["artifactChanges", "replacements", "threadFlows", "locations"] {
            assert_ne!(value.get(key), Some(&json!([])), "{key}");
        }
        match value {
            Value::Array(items) => items.iter().for_each(check_locations),
            Value::Object(fields) => fields.values().for_each(check_locations),
            _ => {}
        }
    }

    #[test]
    fn no_problem_is_a_whole_document() {
        assert_eq!(log(&[])["runs"][0]["results"], json!([]));
    }
}
