//! How fast compiler JSON is read: 50 MB of it, errors of the family among ordinary warnings.
//!
//! `cargo bench --bench recognise` prints MiB/s: with the quick look at each line that the readers
//! of whole streams take first, and with every line parsed.

use std::{hint::black_box, path::Path, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sendlens::{
    recognise::{may_concern_us, recognise},
    rustc::{Line, parse_line},
};

const BYTES: usize = 50_000_000;
/// A workspace has many more warnings than futures that are not `Send`.
const WARNINGS_PER_ERROR: usize = 20;
const WARNING: &str = r##"{"reason":"compiler-message","package_id":"path+file:///workspace/app#0.1.0","manifest_path":"/workspace/app/Cargo.toml","target":{"kind":["lib"],"crate_types":["lib"],"name":"app","src_path":"/workspace/app/src/lib.rs","edition":"2021","doc":true,"doctest":true,"test":true},"message":{"$message_type":"diagnostic","message":"unused variable: `request`","code":{"code":"unused_variables","explanation":null},"level":"warning","spans":[{"file_name":"src/lib.rs","byte_start":120,"byte_end":127,"line_start":8,"line_end":8,"column_start":9,"column_end":16,"is_primary":true,"text":[{"text":"    let request = server.accept();","highlight_start":9,"highlight_end":16}],"label":null,"suggested_replacement":null,"suggestion_applicability":null,"expansion":null}],"children":[{"message":"`#[warn(unused_variables)]` (part of `#[warn(unused)]`) on by default","code":null,"level":"note","spans":[],"children":[],"rendered":null},{"message":"if this is intentional, prefix it with an underscore","code":null,"level":"help","spans":[{"file_name":"src/lib.rs","byte_start":120,"byte_end":127,"line_start":8,"line_end":8,"column_start":9,"column_end":16,"is_primary":true,"text":[{"text":"    let request = server.accept();","highlight_start":9,"highlight_end":16}],"label":null,"suggested_replacement":"_request","suggestion_applicability":"MaybeIncorrect","expansion":null}],"children":[],"rendered":null}],"rendered":"warning: unused variable: `request`\n --> src/lib.rs:8:9\n  |\n8 |     let request = server.accept();\n  |         ^^^^^^^ help: if this is intentional, prefix it with an underscore: `_request`\n\n"}}"##;

/// The recordings, repeated.
fn stream() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/1.95.0");
    let mut errors = Vec::new();
    for group in ["crates", "reports", "shapes"] {
        for entry in std::fs::read_dir(folder.join(group)).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            errors.extend(text.lines().map(str::to_owned));
        }
    }
    assert!(!errors.is_empty(), "no recordings");
    let mut stream = String::with_capacity(BYTES + 100_000);
    for error in errors.iter().cycle() {
        if stream.len() >= BYTES {
            break;
        }
        for line in std::iter::once(error.as_str()).chain([WARNING; WARNINGS_PER_ERROR]) {
            stream.push_str(line);
            stream.push('\n');
        }
    }
    stream
}

fn count(stream: &str, looks_first: bool) -> usize {
    let lines = stream.lines().filter(|line| !looks_first || may_concern_us(line));
    let problems = lines.filter_map(|line| match parse_line(line) {
        Line::Diagnostic(report) => {
            recognise(&report.diagnostic, &report.unit, "/workspace".into())
        }
        _ => None,
    });
    problems.count()
}

fn recognition(criterion: &mut Criterion) {
    let stream = stream();
    let mut group = criterion.benchmark_group("recognise");
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("quick look first", |it| it.iter(|| count(black_box(&stream), true)));
    group.bench_function("every line parsed", |it| it.iter(|| count(black_box(&stream), false)));
    group.finish();
}

criterion_group!(benches, recognition);
criterion_main!(benches);
