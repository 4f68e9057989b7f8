//! Pictures inside a chat request.

use super::error::ApiError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The bytes of an `image_url` part. Only `data:` addresses are taken: fetching
/// others would let a question reach into the network of this machine.
pub(super) fn picture_bytes(url: &str) -> Result<Vec<u8>, ApiError> {
    let refuse = |message: &str| Err(ApiError::bad_request("image_url", message));
    let Some(rest) = url.strip_prefix("data:") else {
        return refuse("expected a data: address with the picture itself; others are not fetched");
    };
    let Some((head, body)) = rest.split_once(',') else {
        return refuse("the data: address has no comma before its data");
    };
    if !head.ends_with(";base64") {
        return refuse("expected base64 in the data: address, such as data:image/png;base64,...");
    }
    STANDARD.decode(body.trim()).map_err(|error| {
        ApiError::bad_request("image_url", format!("the base64 is not valid: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_addresses_with_valid_base64_are_taken() {
        assert_eq!(picture_bytes("data:image/png;base64,aGk=").unwrap(), b"hi");
        for wrong in [
            "http://x.test/a.png",
            "file:///etc/passwd",
            "data:image/png;base64",
            "data:image/png,hi",
            "data:image/png;base64,***",
        ] {
            assert!(picture_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
