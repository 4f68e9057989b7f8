//! Reading the safetensors format: an 8-byte little-endian header length, a
//! JSON header, then raw tensors.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Tensors of a file, by name.
#[derive(Debug)]
pub(super) struct SafeTensors<'a> {
    header: BTreeMap<String, TensorInfo>,
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
        let mut header: BTreeMap<String, serde_json::Value> = serde_json::from_slice(header)?;
        header.remove("__metadata__");
        let header = header
            .into_iter()
            .map(|(name, value)| Ok((name, serde_json::from_value(value)?)))
            .collect::<Result<_, serde_json::Error>>()?;
        Ok(Self { header, data })
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn truncated_files_are_refused() {
        assert!(SafeTensors::parse(&[1, 2, 3]).is_err());
        assert!(SafeTensors::parse(&file("{}", b"")[..9]).is_err());
    }
}
