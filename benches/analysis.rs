//! How fast the analysis is: over the sources of real crates, over one large file, and after an
//! edit of it.
//!
//! `SENDLENS_BENCH_SOURCES` names directories of Rust sources, separated by `:`. Without it the
//! repository's own sources are read and a generated file is analysed.

use std::{hint::black_box, path::Path};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ra_ap_syntax::Edition;
use sendlens::{
    alive::{Alive, Follow},
    syntax::analyse,
};

/// A function as users write it, about twenty lines.
const FUNCTION: &str = r#"
async fn handle_NUMBER(state: Arc<State>, mut rx: Receiver<Job>) -> Result<(), Error> {
    let mut guard = state.jobs.lock().unwrap();
    guard.push(NUMBER);
    drop(guard);
    while let Some(job) = rx.recv().await {
        let client = state.client.clone();
        match client.get(&job.url).send().await? {
            Response::Ok(body) if body.len() > NUMBER => {
                info!("job {} gave {body:?}", job.id);
                state.store(job.id, &body).await?;
            }
            Response::Ok(_) => continue,
            Response::Err(error) => return Err(error.into()),
        }
        tokio::select! {
            _ = tick() => {}
            Some(next) = rx.recv(), if job.last => { run(next).await; }
        }
    }
    Ok(())
}
"#;

fn generated(functions: usize) -> String {
    (0..functions).map(|number| FUNCTION.replace("NUMBER", &number.to_string())).collect()
}

fn sources() -> Vec<String> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/server").to_owned();
    let directories = std::env::var("SENDLENS_BENCH_SOURCES").unwrap_or(own);
    let mut texts = Vec::new();
    for directory in directories.split(':') {
        read(Path::new(directory), &mut texts);
    }
    texts
}

fn read(directory: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read(&path, texts);
        } else if path.extension().is_some_and(|it| it == "rs") {
            texts.extend(std::fs::read_to_string(&path));
        }
    }
}

fn analysis(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("analysis");
    group.sample_size(20);
    let texts = sources();
    group.throughput(Throughput::Bytes(texts.iter().map(|it| it.len() as u64).sum()));
    group.bench_function("sources", |bencher| {
        bencher.iter(|| {
            texts
                .iter()
                .map(|text| analyse(black_box(text), Edition::Edition2021).len())
                .sum::<usize>()
        });
    });
    for functions in [50, 500] {
        let text = generated(functions);
        let lines = text.lines().count();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("lines", lines), &text, |bencher, text| {
            bencher.iter(|| analyse(black_box(text), Edition::Edition2021).len());
        });
    }
    group.finish();
}

/// One key in the middle of a large file: what the engine does before it answers.
fn edit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("edit");
    for functions in [500, 2_500] {
        let text = generated(functions);
        let lines = text.lines().count();
        let needle = format!("guard.push({});", functions / 2);
        for (what, new) in [("in a line", "guard.pushed(x);"), ("a new line", "guard.push(\nx);")] {
            let typed = text.replace(&needle, new);
            let (mut follow, mut alive) = Follow::new(text.clone(), Edition::Edition2021);
            let mut texts = [&typed, &text].into_iter().cycle();
            group.bench_function(BenchmarkId::new(what, lines), |bencher| {
                bencher.iter(|| {
                    let mut now = Alive::clone(&alive);
                    let text = texts.next().cloned().unwrap_or_default();
                    follow.edit(&mut now, &[], black_box(text));
                    alive = now;
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, analysis, edit);
criterion_main!(benches);
