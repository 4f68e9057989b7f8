//! Model files that are part of the program.

/// The bytes of `file` of `model`, where the program carries them.
pub(super) fn bundled(model: &str, file: &str) -> Option<&'static [u8]> {
    match (model, file) {
        ("veritrail-lite", "vision_model.onnx") => {
            Some(include_bytes!("veritrail-lite/vision_model.onnx"))
        }
        ("veritrail-lite", "preprocessor_config.json") => {
            Some(include_bytes!("veritrail-lite/preprocessor_config.json"))
        }
        _ => None,
    }
}
