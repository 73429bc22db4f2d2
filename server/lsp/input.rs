//! What comes in on standard input, sifted: the framework stops reading at the first frame that it
//! cannot decode, and one bad message must not end the server.

use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tower_lsp::jsonrpc::{Request, Response};

/// No message is longer; a length beyond it is garbage as well.
const LONGEST: u64 = 256 << 20;

/// Passes on every frame that is a message, until one of both sides ends.
pub(super) async fn sift(mut from: impl AsyncBufRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    while let Some(body) = next_frame(&mut from).await {
        if !is_message(&body) {
            tracing::warn!(bytes = body.len(), "a frame that is no message");
            continue;
        }
        let header = format!("Content-Length: {}\r\n\r\n", body.len());
        let passed = async {
            to.write_all(header.as_bytes()).await?;
            to.write_all(&body).await?;
            to.flush().await
        };
        if passed.await.is_err() {
            return;
        }
    }
}

/// The body of the next frame; lines that are no header are skipped. `None` at the end.
async fn next_frame(from: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        // A line that never ends must not fill the memory.
        let read = (&mut *from).take(LONGEST).read_until(b'\n', &mut line).await;
        if read.ok()? == 0 {
            return None;
        }
        let line = line.trim_ascii();
        match (line.is_empty(), length) {
            (true, Some(length)) => return read_body(from, length).await,
            (true, None) => {}
            (false, _) => length = content_length(line).or(length),
        }
    }
}

async fn read_body(from: &mut (impl AsyncBufRead + Unpin), length: u64) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let read = from.take(length).read_to_end(&mut body).await.ok()?;
    (read as u64 == length).then_some(body)
}

fn content_length(line: &[u8]) -> Option<u64> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let length = value.trim().parse().ok().filter(|length| *length <= LONGEST)?;
    name.trim().eq_ignore_ascii_case("content-length").then_some(length)
}

/// Whether the framework will understand it.
fn is_message(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only whether it parses counts")]
    enum Message {
        Response(Response),
        Request(Request),
    }
    serde_json::from_slice::<Message>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    async fn sifted(input: &str) -> String {
        let mut out = Vec::new();
        sift(input.as_bytes(), &mut out).await;
        String::from_utf8(out).unwrap()
    }

    #[tokio::test]
    async fn messages_pass_and_garbage_does_not() {
        let request = frame(r#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#);
        let answer = frame(r#"{"jsonrpc":"2.0","id":1,"result":null}"#);
        let (broken, list) = (frame("{not json"), frame("[]"));
        let input = format!("{broken}{request}noise\r\n\r\n{list}Content-Length: x\r\n{answer}");
        assert_eq!(sifted(&input).await, format!("{request}{answer}"));
    }

    #[tokio::test]
    async fn a_frame_that_is_cut_off_is_the_end() {
        assert_eq!(sifted("Content-Length: 99\r\n\r\n{}").await, "");
    }
}
