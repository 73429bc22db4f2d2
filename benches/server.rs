//! How long a user waits: the real server on pipes, one open file of 10,000 lines, of which the
//! compiler has told all types.
//!
//! Criterion gives the mean of one edit with the hints after it, and of a hover. The 99th
//! percentile is printed behind each.
#![expect(clippy::expect_used, reason = "a benchmark that cannot run says why")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

/// About twenty lines that hold an `Rc` over two awaits.
const FUNCTION: &str = r#"
/// Handles one kind of job, żółw or not.
pub async fn handle_NUMBER(jobs: &Mutex<Vec<Job>>, limit: usize) -> Result<usize, String> {
    let mut done = 0;
    let cache = Rc::new(NUMBER_usize);
    while let Some(job) = next(jobs).await {
        let name = format!("job {} of NUMBER", job.id);
        match run(&job, &name).await {
            Ok(size) if size > limit => {
                done += size;
            }
            Ok(_) => continue,
            Err(error) => return Err(error),
        }
        if done > *cache {
            break;
        }
    }
    Ok(done)
}
"#;

const HEAD: &str = "use std::{rc::Rc, sync::Mutex};
pub struct Job { pub id: usize }
async fn next(jobs: &Mutex<Vec<Job>>) -> Option<Job> { jobs.lock().ok()?.pop() }
async fn run(job: &Job, name: &str) -> Result<usize, String> { Ok(job.id + name.len()) }
";

const FUNCTIONS: usize = 525;

/// How long the first check and the first questions may take.
const PATIENCE: Duration = Duration::from_secs(300);

struct Server {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    uri: String,
    version: i32,
    id: u64,
}

impl Server {
    fn start(root: &Path, text: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sendlens"))
            .env("SENDLENS_LOG", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        let stdin = stdin.expect("piped");
        let stdout = BufReader::new(stdout.expect("piped"));
        let uri = format!("file://{}/src/lib.rs", root.display());
        let mut server = Self { process, stdin, stdout, uri, version: 1, id: 0 };
        let root = format!("file://{}", root.display());
        let options = json!({"inlayHints": "all", "flycheck": {"source": "own"}});
        server.request("initialize", &json!({
            "processId": null, "rootUri": root, "initializationOptions": options, "capabilities": {},
        }));
        server.notify("initialized", &json!({}));
        server.notify(
            "textDocument/didOpen",
            &json!({"textDocument": {
                "uri": server.uri, "languageId": "rust", "version": 1, "text": text,
            }}),
        );
        server
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stdin.write_all(frame.as_bytes()).expect("the server reads");
        self.stdin.flush().expect("the server reads");
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.read();
            if message["id"] == id && message.get("method").is_none() {
                return message["result"].clone();
            }
        }
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stdout.read_line(&mut line).expect("the server writes");
            match line.trim().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap_or(0),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.stdout.read_exact(&mut body).expect("the server writes");
        serde_json::from_slice(&body).unwrap_or_default()
    }

    fn hints(&mut self, line: usize) -> usize {
        let range = json!({
            "start": {"line": line, "character": 0}, "end": {"line": line + 60, "character": 0},
        });
        let params = json!({"textDocument": {"uri": self.uri}, "range": range});
        self.request("textDocument/inlayHint", &params).as_array().map_or(0, Vec::len)
    }

    /// Waits until the compiler has spoken: then there are hints.
    fn wait_for_hints(&mut self, line: usize) {
        let end = Instant::now() + PATIENCE;
        while self.hints(line) == 0 {
            assert!(Instant::now() < end, "no hints");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// One key, or one taken back, and the hints on the screen behind it.
    fn edit(&mut self, line: usize, new_line: bool, back: bool) -> usize {
        self.version += 1;
        let at = json!({"line": line, "character": 0});
        let end = json!({
            "line": line + usize::from(new_line), "character": usize::from(!new_line),
        });
        let (end, key) = match (back, new_line) {
            (true, _) => (end, ""),
            (false, true) => (at.clone(), "\n"),
            (false, false) => (at.clone(), "x"),
        };
        let change = json!({"range": {"start": at, "end": end}, "text": key});
        let document = json!({"uri": self.uri, "version": self.version});
        let params = json!({"textDocument": document, "contentChanges": [change]});
        self.notify("textDocument/didChange", &params);
        self.hints(line)
    }

    fn hover(&mut self, line: usize, character: usize) -> bool {
        let position = json!({"line": line, "character": character});
        let params = json!({"textDocument": {"uri": self.uri}, "position": position});
        self.request("textDocument/hover", &params).is_object()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Measures one call many times, for criterion and for the percentile.
fn measured(criterion: &mut Criterion, name: &str, mut call: impl FnMut()) {
    let mut all: Vec<Duration> = Vec::new();
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                let start = Instant::now();
                call();
                all.push(start.elapsed());
                total += start.elapsed();
            }
            total
        });
    });
    all.sort();
    let at = |percent: usize| all.get(all.len() * percent / 100).copied().unwrap_or_default();
    println!("{name}: {} times, median {:?}, p99 {:?}", all.len(), at(50), at(99));
}

fn waiting(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let functions = (0..FUNCTIONS).map(|n| FUNCTION.replace("NUMBER", &n.to_string()));
    let text = format!("{HEAD}{}", functions.collect::<String>());
    let lines = text.lines().count();
    let manifest = "[package]\nname = \"large\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    std::fs::write(folder.path().join("Cargo.toml"), manifest).expect("written");
    std::fs::create_dir_all(folder.path().join("src")).expect("made");
    std::fs::write(folder.path().join("src/lib.rs"), &text).expect("written");

    let middle = text.lines().position(|line| line.contains("handle_250(")).unwrap_or(0);
    let mut server = Server::start(folder.path(), &text);
    server.wait_for_hints(middle);
    let awaits = text.lines().skip(middle).position(|line| line.contains(".await"));
    let at = middle + awaits.unwrap_or(0);
    let character = text.lines().nth(at).and_then(|line| line.find("await")).unwrap_or(0);
    measured(criterion, &format!("hover in {lines} lines"), || {
        assert!(server.hover(at, character));
    });
    for (name, new_line) in [("key to hints", false), ("new line to hints", true)] {
        let mut back = false;
        measured(criterion, &format!("{name} in {lines} lines"), || {
            assert!(server.edit(middle + 3, new_line, back) > 0);
            back = !back;
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = waiting
}
criterion_main!(benches);
