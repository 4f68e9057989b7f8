//! What the server and the process that evaluates queries say to each other: frames of
//! a kind, a length and that many bytes.

use super::error::QueryError;
use super::result_format::ResultFormat;
use super::service::{SearchMatch, SearchRequest};
use super::sparql::{QueryOptions, QueryRequest};
use super::update::UpdateRequest;
use super::view::Viewer;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Longest frame; longer data goes in several.
const MAX_FRAME_BYTES: usize = 256 << 20;

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Job {
    /// A query.
    Query(QueryRequest),
    /// An update, of which the changes are wanted and nothing is kept.
    Update(UpdateRequest),
    /// All triples of a graph; of the unnamed one when there is no name.
    Graph { name: Option<String>, options: QueryOptions, viewer: Viewer },
}

impl Job {
    pub(super) fn timeout_ms(&self) -> u64 {
        match self {
            Self::Query(QueryRequest { options, .. }) | Self::Graph { options, .. } => {
                options.timeout_ms
            }
            Self::Update(request) => request.timeout_ms,
        }
    }
}

/// One message.
#[derive(Debug)]
pub(super) enum Frame {
    /// To the process: quads that changed, as `Changes` writes them.
    Changes(Vec<u8>),
    /// To the process.
    Job(Box<Job>),
    /// To the process: what a search found, or why it could not be done.
    Hits(Result<Vec<SearchMatch>, String>),
    /// From the process: it has opened the graph.
    Ready,
    /// From the process: search for this.
    Search(SearchRequest),
    /// From the process: results will come in this format.
    Format(ResultFormat),
    /// From the process: a part of the results.
    Data(Vec<u8>),
    /// From the process: that was all.
    Done,
    /// From the process.
    Failed(QueryError),
}

fn json<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(io::Error::other)
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(io::Error::other)
}

impl Frame {
    pub(super) fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        let owned;
        let (kind, payload): (u8, &[u8]) = match self {
            Self::Changes(bytes) => (b'c', bytes),
            Self::Data(bytes) => (b'd', bytes),
            Self::Ready => (b'r', &[]),
            Self::Done => (b'e', &[]),
            Self::Job(job) => {
                owned = json(job)?;
                (b'j', &owned)
            }
            Self::Hits(hits) => {
                owned = json(hits)?;
                (b'h', &owned)
            }
            Self::Search(request) => {
                owned = json(request)?;
                (b's', &owned)
            }
            Self::Format(format) => {
                owned = json(format)?;
                (b'f', &owned)
            }
            Self::Failed(error) => {
                owned = json(error)?;
                (b'x', &owned)
            }
        };
        let length = u32::try_from(payload.len())
            .ok()
            .filter(|_| payload.len() <= MAX_FRAME_BYTES)
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        output.write_all(&[kind])?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(payload)
    }

    /// The next message; `None` when the other side is gone.
    pub(super) fn read(input: &mut dyn Read) -> io::Result<Option<Self>> {
        let mut kind = [0u8; 1];
        if input.read(&mut kind)? == 0 {
            return Ok(None);
        }
        let mut length = [0u8; 4];
        input.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length as usize > MAX_FRAME_BYTES {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        // What is announced is not yet believed: memory grows with what arrives.
        let mut payload = Vec::new();
        input.take(u64::from(length)).read_to_end(&mut payload)?;
        if payload.len() != length as usize {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(Some(match kind {
            [b'c'] => Self::Changes(payload),
            [b'd'] => Self::Data(payload),
            [b'r'] => Self::Ready,
            [b'e'] => Self::Done,
            [b'j'] => Self::Job(parsed(&payload)?),
            [b'h'] => Self::Hits(parsed(&payload)?),
            [b's'] => Self::Search(parsed(&payload)?),
            [b'f'] => Self::Format(parsed(&payload)?),
            [b'x'] => Self::Failed(parsed(&payload)?),
            _ => return Err(io::Error::from(io::ErrorKind::InvalidData)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back() {
        let mut bytes = Vec::new();
        Frame::Data(vec![7; 70_000]).write(&mut bytes).unwrap();
        Frame::Failed(QueryError::Timeout(5)).write(&mut bytes).unwrap();
        let mut input = bytes.as_slice();
        let mut sizes = Vec::new();
        while let Some(frame) = Frame::read(&mut input).unwrap() {
            match frame {
                Frame::Data(part) => sizes.push(part.len()),
                Frame::Failed(QueryError::Timeout(5)) => sizes.push(0),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(sizes, [70_000, 0]);
    }

    #[test]
    fn a_cut_or_strange_frame_is_an_error() {
        for bytes in [&b"d\x05\0\0\0ab"[..], b"?\0\0\0\0", b"d\xff\xff\xff\xff", b"j\x01\0\0\0{"] {
            let mut input = bytes;
            assert!(Frame::read(&mut input).is_err(), "{bytes:?}");
        }
    }
}
