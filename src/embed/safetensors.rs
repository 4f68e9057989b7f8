//! Reading the safetensors format: an 8-byte little-endian header length, a
//! JSON header, then raw tensors.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

/// Longest header that is read, in bytes, as in the reference implementation.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Bytes of a table that are read at once; whole floats.
const PIECE_BYTES: usize = 1 << 20;

type Header = BTreeMap<String, TensorInfo>;

/// Tensors of a file, by name.
#[derive(Debug)]
pub(super) struct SafeTensors<'a> {
    header: Header,
    data: &'a [u8],
}

#[derive(Debug, Deserialize)]
struct TensorInfo {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

/// A file that is not usable.
#[derive(Debug, thiserror::Error)]
pub(super) enum SafeTensorsError {
    #[error("the file ends inside its header")]
    Truncated,
    #[error("the header is not JSON of the safetensors format")]
    Header(#[from] serde_json::Error),
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    #[error("tensor `{0}` is missing")]
    Missing(String),
    #[error(
        "tensor `{name}`: expected F32 of shape {expected:?}, found {dtype} of shape {found:?}"
    )]
    Shape { name: String, expected: Vec<usize>, dtype: String, found: Vec<usize> },
}

impl<'a> SafeTensors<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, SafeTensorsError> {
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or(SafeTensorsError::Truncated)?;
        let length = usize::try_from(u64::from_le_bytes(*length))
            .map_err(|_| SafeTensorsError::Truncated)?;
        let (header, data) = rest.split_at_checked(length).ok_or(SafeTensorsError::Truncated)?;
        Ok(Self { header: header_of(header)?, data })
    }

    /// The values of a tensor of 32-bit floats, row-major.
    pub(super) fn floats(
        &self,
        name: &str,
        expected: &[usize],
    ) -> Result<Vec<f32>, SafeTensorsError> {
        let info =
            self.header.get(name).ok_or_else(|| SafeTensorsError::Missing(name.to_owned()))?;
        if info.dtype != "F32" || info.shape != expected {
            return Err(SafeTensorsError::Shape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                dtype: info.dtype.clone(),
                found: info.shape.clone(),
            });
        }
        let (start, end) = info.data_offsets;
        let bytes = self.data.get(start..end).ok_or(SafeTensorsError::Truncated)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
    }
}

fn header_of(bytes: &[u8]) -> Result<Header, serde_json::Error> {
    let mut header: BTreeMap<String, serde_json::Value> = serde_json::from_slice(bytes)?;
    header.remove("__metadata__");
    header.into_iter().map(|(name, value)| Ok((name, serde_json::from_value(value)?))).collect()
}

/// A table of 32-bit floats, row-major.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    pub(super) values: Vec<f32>,
    pub(super) n_columns: usize,
}

/// The first of the named tensors that is a table of 32-bit floats, without the rest of
/// the file; `None` when there is none.
pub(super) fn read_table(
    file: &mut (impl Read + Seek),
    names: &[&str],
) -> Result<Option<Table>, SafeTensorsError> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let n_header = u64::from_le_bytes(length);
    if n_header > MAX_HEADER_BYTES {
        return Err(SafeTensorsError::Truncated);
    }
    let mut header = Vec::new();
    if file.by_ref().take(n_header).read_to_end(&mut header)? as u64 != n_header {
        return Err(SafeTensorsError::Truncated);
    }
    let mut header = header_of(&header)?;
    let found = names.iter().filter_map(|name| header.remove(*name));
    let mut tables = found.filter_map(|info| match *info.shape.as_slice() {
        [_, n_columns] if info.dtype == "F32" && n_columns > 0 => Some((info, n_columns)),
        _ => None,
    });
    let Some((info, n_columns)) = tables.next() else { return Ok(None) };
    let (start, end) = info.data_offsets;
    let n_bytes = end.checked_sub(start).ok_or(SafeTensorsError::Truncated)?;
    let from = i64::try_from(start).map_err(|_| SafeTensorsError::Truncated)?;
    file.seek(SeekFrom::Current(from))?;
    let mut rest = file.take(n_bytes as u64);
    // Piece by piece, so that the bytes of large tables are not held beside their values.
    let mut values = Vec::new();
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    loop {
        piece.clear();
        rest.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
        if piece.is_empty() {
            break;
        }
        values.extend(piece.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)));
    }
    let n_values = info.shape.iter().try_fold(1usize, |n, size| n.checked_mul(*size));
    if n_values != Some(values.len()) {
        return Err(SafeTensorsError::Truncated);
    }
    Ok(Some(Table { values, n_columns }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn tensors_are_read_and_shapes_checked() {
        let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        let data: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let bytes = file(header, &data);
        let tensors = SafeTensors::parse(&bytes).unwrap();
        assert_eq!(tensors.floats("w", &[2]).unwrap(), [1.5, -2.0]);
        assert!(tensors.floats("w", &[3]).is_err());
        assert!(tensors.floats("v", &[2]).is_err());
    }

    #[test]
    fn one_table_is_read_without_the_others() {
        let header = r#"{"__metadata__":{"format":"pt"},
            "v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
            "w":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]}}"#;
        let data: Vec<u8> = [7.0f32, 1.5, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let bytes = file(header, &data);
        let read = |bytes: &[u8], names: &[&str]| read_table(&mut Cursor::new(bytes), names);
        let table = Table { values: vec![1.5, -2.0], n_columns: 1 };
        assert_eq!(read(&bytes, &["u", "v", "w"]).unwrap(), Some(table));
        assert_eq!(read(&bytes, &["u", "v"]).unwrap(), None);
        assert!(read(&bytes[..bytes.len() - 4], &["w"]).is_err());
        assert!(read(&bytes[..20], &["w"]).is_err());
    }

    #[test]
    fn truncated_files_are_refused() {
        assert!(SafeTensors::parse(&[1, 2, 3]).is_err());
        assert!(SafeTensors::parse(&file("{}", b"")[..9]).is_err());
    }
}
