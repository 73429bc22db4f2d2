//! A language client on pipes. It waits for messages, never for time, and answers what the server
//! asks.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// A first build of tokio on a busy machine fits in.
pub(crate) const DEADLINE: Duration = Duration::from_secs(240);

pub(crate) struct Client {
    process: Child,
    stdin: Option<ChildStdin>,
    inbox: Receiver<Value>,
    next_id: u64,
    versions: HashMap<String, i32>,
    /// Whether requests of the server are answered.
    pub(crate) answers: bool,
    /// What `workspace/configuration` is answered with.
    pub(crate) settings: Value,
    /// The last published diagnostics by document.
    pub(crate) diagnostics: HashMap<String, Vec<Value>>,
    /// Every other notification and request of the server.
    pub(crate) heard: Vec<Value>,
    /// The answer to `initialize`.
    pub(crate) initialized: Value,
}

/// How a client starts.
pub(crate) struct Start<'a> {
    pub(crate) root: &'a Path,
    pub(crate) options: Value,
    pub(crate) capabilities: Value,
    pub(crate) env: Vec<(&'static str, String)>,
    pub(crate) process_id: Option<u32>,
}

impl<'a> Start<'a> {
    /// A client that can do all that editors can, without settings.
    pub(crate) fn new(root: &'a Path) -> Self {
        Self {
            root,
            options: json!({}),
            capabilities: capabilities(),
            env: crate::project::cargo_env().into(),
            process_id: Some(std::process::id()),
        }
    }

    /// With settings.
    pub(crate) fn options(mut self, options: Value) -> Self {
        self.options = options;
        self
    }
}

pub(crate) fn capabilities() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16", "utf-8"]},
        "window": {"workDoneProgress": true},
        "workspace": {
            "configuration": true,
            "workspaceEdit": {"documentChanges": true},
            "didChangeWatchedFiles": {"dynamicRegistration": true},
        },
        "textDocument": {
            "hover": {"contentFormat": ["markdown"]},
            "publishDiagnostics": {"relatedInformation": true, "dataSupport": true},
            "codeAction": {
                "dataSupport": true,
                "isPreferredSupport": true,
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}},
                "resolveSupport": {"properties": ["edit"]},
            },
        },
    })
}

pub(crate) fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl Client {
    pub(crate) fn start(start: Start<'_>) -> Self {
        let mut client = Self::spawn(&start.env);
        let params = json!({
            "processId": start.process_id,
            "rootUri": uri(start.root),
            "workspaceFolders": [{"uri": uri(start.root), "name": "root"}],
            "initializationOptions": start.options,
            "capabilities": start.capabilities,
        });
        client.initialized = client.request("initialize", params);
        client.notify("initialized", json!({}));
        client
    }

    /// A server to which nothing was said.
    pub(crate) fn spawn(env: &[(&'static str, String)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sendlens"))
            // What the user is told, tests hear; the log would only clutter their output.
            .env("SENDLENS_LOG", "off")
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, inbox) = channel();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            while let Some(message) = read_message(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            stdin: process.stdin.take(),
            process,
            inbox,
            next_id: 0,
            versions: HashMap::new(),
            answers: true,
            settings: Value::Null,
            diagnostics: HashMap::new(),
            heard: Vec::new(),
            initialized: Value::Null,
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).unwrap();
        stdin.flush().unwrap();
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.write(frame.as_bytes());
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    #[track_caller]
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let answer = self.try_request(method, params);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The result, or the error.
    #[track_caller]
    pub(crate) fn try_request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let end = Instant::now() + DEADLINE;
        loop {
            let message = self.receive(end).unwrap_or_else(|| panic!("no answer to {method}"));
            if message["id"] == id && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                };
            }
            self.take(message);
        }
    }

    /// Waits until something is the case.
    #[track_caller]
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&mut Self) -> Option<T>,
    ) -> T {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            match self.receive(end) {
                Some(message) => self.take(message),
                None => panic!("waited for {what}; heard {:#?}", self.heard),
            }
        }
    }

    /// Asks again and again until the answer will do: for answers that only get better.
    #[track_caller]
    pub(crate) fn ask_until(
        &mut self,
        method: &str,
        params: &Value,
        is_enough: impl Fn(&Value) -> bool,
    ) -> Value {
        let end = Instant::now() + DEADLINE;
        loop {
            let answer = self.request(method, params.clone());
            if is_enough(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "{method} never gave enough: {answer:#}");
            // Whatever comes next, or a moment.
            let moment = Instant::now() + Duration::from_millis(50);
            if let Some(message) = self.receive(moment) {
                self.take(message);
            }
        }
    }

    fn receive(&mut self, end: Instant) -> Option<Value> {
        let left = end.saturating_duration_since(Instant::now());
        match self.inbox.recv_timeout(left) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                // The pipe is closed; sleep out the deadline of a caller that polls.
                std::thread::sleep(left.min(Duration::from_millis(50)));
                None
            }
        }
    }

    fn take(&mut self, message: Value) {
        if message["method"] == "textDocument/publishDiagnostics" {
            let params = &message["params"];
            let uri = params["uri"].as_str().unwrap().to_owned();
            let list = params["diagnostics"].as_array().unwrap().clone();
            self.diagnostics.insert(uri, list);
            return;
        }
        if let (true, Some(id), Some(method)) =
            (self.answers, message.get("id"), message["method"].as_str())
        {
            let result = match method {
                "workspace/configuration" => json!([self.settings]),
                "window/showDocument" => json!({"success": true}),
                _ => Value::Null,
            };
            self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        }
        self.heard.push(message);
    }

    /// The texts of the messages that the user saw.
    pub(crate) fn messages(&self) -> Vec<String> {
        let shown = self.heard.iter().filter(|it| it["method"] == "window/showMessage");
        shown.map(|it| it["params"]["message"].as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn wait_for_message(&mut self, part: &str) {
        self.wait_for(part, |client| {
            client.messages().iter().any(|message| message.contains(part)).then_some(())
        });
    }

    /// Waits for a line in the log that the editor keeps.
    #[track_caller]
    pub(crate) fn wait_for_log(&mut self, part: &str) {
        self.wait_for(part, |client| {
            let mut logged = client.heard.iter().filter(|it| it["method"] == "window/logMessage");
            let says = |it: &Value| it["params"]["message"].as_str().unwrap().contains(part);
            logged.any(says).then_some(())
        });
    }

    /// Waits until a file has so many hints.
    #[track_caller]
    pub(crate) fn wait_for_hints(&mut self, path: &Path, count: usize) -> Vec<Value> {
        let uri = uri(path);
        let what = format!("{count} hints in {uri}");
        self.wait_for(&what, |client| {
            let hints = client.diagnostics.get(&uri);
            hints.filter(|hints| hints.len() == count).cloned()
        })
    }

    pub(crate) fn open(&mut self, path: &Path) {
        let text = std::fs::read_to_string(path).unwrap();
        self.versions.insert(uri(path), 1);
        let document = json!({"uri": uri(path), "languageId": "rust", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
    }

    /// Edits; `changes` as the protocol has them.
    pub(crate) fn change(&mut self, path: &Path, changes: Value) {
        let version = self.versions.get_mut(&uri(path)).unwrap();
        *version += 1;
        let document = json!({"uri": uri(path), "version": *version});
        let params = json!({"textDocument": document, "contentChanges": changes});
        self.notify("textDocument/didChange", params);
    }

    pub(crate) fn save(&mut self, path: &Path) {
        self.notify("textDocument/didSave", json!({"textDocument": {"uri": uri(path)}}));
    }

    #[track_caller]
    pub(crate) fn hover(&mut self, path: &Path, line: u32, character: u32) -> Value {
        let params = json!({
            "textDocument": {"uri": uri(path)},
            "position": {"line": line, "character": character},
        });
        self.request("textDocument/hover", params)
    }

    /// Shuts down in order; the exit code.
    pub(crate) fn shut_down(mut self) -> Option<i32> {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.wait().code()
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits for the server's end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the server goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A failed test must not leave a server behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read_message(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => {
                if let Some(value) = line.strip_prefix("Content-Length: ") {
                    length = value.parse().ok()?;
                }
            }
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("the server writes JSON only"))
}
